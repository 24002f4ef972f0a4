"""What ``clipseek search`` prints of an index without a query: lines, a table, or JSON, as of a search but for the scores."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from clipseek.files.text import visible

from .answer import SHOWN, add_file, around_marks, print_found, table_of
from .answer_notes import counted_values
from .output import data, is_terminal, note, tabbed

if TYPE_CHECKING:
    from clipseek.opensearch.search.browse import Listing


def print_listing(listing: Listing, *, as_json: bool, full: bool = False) -> None:
    """Pictures on stdout, how many there are on stderr; ``full`` shows captions whole in a table."""
    if as_json:
        rows = [{**{name: getattr(hit, name) for name in SHOWN}, "score": None} for hit in listing.hits]
        print_found(listing, rows, min_cosine=None, complete=False, union=None, clauses={})
        return
    if listing.hits and is_terminal(sys.stdout):
        _draw(listing, full=full)
    else:
        for hit in listing.hits:  # the cell of the score stays empty, for there is none
            data(tabbed("", hit.id, hit.uri, " ".join(hit.caption.split())))
    for line in (*counted_values(listing, f"the {listing.matched:,} pictures"), _place(listing)):
        note(line)


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


def _draw(listing: Listing, *, full: bool) -> None:
    from rich.text import Text

    console, table, width = table_of(["#"], "picture")
    for number, hit in enumerate(listing.hits, listing.page.start + 1):
        words = Text(visible(hit.caption))
        if not full:
            words = around_marks(list(words.wrap(console, width)))
        add_file(words, hit)
        table.add_row(str(number), words)
    console.print(table)
