"""What ``clipseek search`` prints of an index without a query: lines, a table, or JSON, as of a search but for the scores."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from clipseek.files.text import visible

from .answer import SHOWN, around_marks
from .output import data, is_terminal, note, print_json_text, tabbed

if TYPE_CHECKING:
    from clipseek.opensearch.search.browse import Listing


def print_listing(listing: Listing, *, as_json: bool, full: bool = False) -> None:
    """Pictures on stdout, how many there are on stderr; ``full`` shows captions whole in a table."""
    if as_json:
        _print_json(listing)
        return
    if listing.hits and is_terminal(sys.stdout):
        _draw(listing, full=full)
    else:
        for hit in listing.hits:  # the cell of the score stays empty, for there is none
            data(tabbed("", hit.id, hit.uri, " ".join(hit.caption.split())))
    for name, values in listing.facets.items():
        counts = ", ".join(f"{value} {number:,}" for value, number in values) or "no values"
        note(f"{name}, counted over the {listing.matched:,} pictures: {counts}")
    note(_place(listing))


def _place(listing: Listing) -> str:
    page = listing.page
    if listing.hits:
        end = page.start + len(listing.hits)
        # How many groups there are is not known where the server makes them.
        of = f" of {listing.reachable:,}" if page.group_near or not page.group_duplicates else ""
        order = f"by {page.sort}" if page.sort else "the newest first"
        return (
            f"pictures {page.start + 1:,}-{end:,}{of}, {order}, {listing.documents:,} pictures, "
            f"{listing.milliseconds} ms on the server"
        )
    if page.start and listing.matched:
        return f"no pictures from {page.start + 1:,} on; there are {listing.reachable:,}"
    return f"nothing found among {listing.documents:,} pictures"


def _print_json(listing: Listing) -> None:
    import orjson

    rows = [{**{name: getattr(hit, name) for name in SHOWN}, "score": None} for hit in listing.hits]
    facts = {
        "index": listing.index,
        "documents": listing.documents,
        "matched": listing.matched,
        "reachable": listing.reachable,
        "from": listing.page.start,
        "facets": listing.facets,
        "milliseconds": listing.milliseconds,
        "min_cosine": None,
        "complete": False,
        "union": None,
        "clauses": {},
    }
    print_json_text(orjson.dumps({**facts, "hits": rows}).decode())


def _draw(listing: Listing, *, full: bool) -> None:
    from clipseek.opensearch.search.whole_ids import short_id
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("picture", overflow="fold")
    width = max(20, console.width - 8)
    for number, hit in enumerate(listing.hits, listing.page.start + 1):
        words = Text(visible(hit.caption))
        if not full:
            words = around_marks(list(words.wrap(console, width)))
        words.append(f"\n{short_id(hit.id)}  {visible(hit.uri, one_line=True)}", style="dim")
        table.add_row(str(number), words)
    console.print(table)
