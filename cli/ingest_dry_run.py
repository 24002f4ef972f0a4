"""``clipseek ingest --dry-run``: what was recognised, and what would be read, left out and lost."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .opening import open_client
from .terminal.ingest_listener import Listener, as_skip
from .terminal.output import count, data, for_reader, note, print_json
from .terminal.skips import Skips, print_first, print_skips

if TYPE_CHECKING:
    from clipseek.encoder.pictures.parts import Parting
    from clipseek.opensearch.ingest.options import IngestOptions
    from clipseek.sources import Source
    from clipseek.sources.outlook import Outlook


def dry_run(
    source: Source, report: Path | None, pruned: list[str] | None, parting: Parting | None = None, *, as_json: bool
) -> None:
    """Go through ``source`` without a model, a server or a decoder, and say what came of it, and of ``pruned`` (``dry_prune``).
    Raises SourceError."""
    from clipseek.sources.outlook import outlook

    chosen = source.chosen()
    with Listener(report, None) as listener:
        found = outlook(chosen, listener, None if parting is None else partial(documents_of, parting))
    if splits := chosen.line():
        note(splits)
    if as_json:
        print_json(_as_object(source, found, listener.skips) | ({} if pruned is None else {"pruned": pruned}))
        return
    data(f"{source.path}: {source.described()}")
    without = found.pictures - found.with_captions
    data(f"{found.entries:>9,} entries")
    data(
        f"{found.pictures:>9,} would be read   {found.with_captions:,} with {count(found.captions, 'caption')}, {without:,} "
        "without; whether they can be decoded is not examined"
    )
    if parting is not None:
        data(f"{found.documents:>9,} documents       of these, tiles, pages, frames and slices counted one by one")
    if found.joined:
        data(f"{found.joined:>9,} joined          further rows of a picture that is counted already")
    print_skips(listener.skips)
    if lost := found.captions_lost:
        kinds = ", ".join(f"{number:,} of {kind}" for kind, number in lost.most_common())
        data(f"{lost.total():>9,} captions lost   {kinds}")
    if pruned is not None:
        data(f"{len(pruned):>9,} would be pruned not in the source any more")
        print_first(map(for_reader, pruned), len(pruned), "--json")
    if found.columns:
        note(f"columns: {', '.join(f'{name} ({number:,})' for name, number in found.columns.most_common(20))}")
    note("a dry run: nothing was encoded or written; leave --dry-run out to ingest")


def dry_prune(source: Source, options: IngestOptions, index: str, url: str | None) -> list[str]:
    """Addresses of what ``--prune`` would remove from ``index``."""
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.ingest.prune import would_remove

    client = open_client(url)
    version = versions.find(client, index)
    if version is None:
        return []
    return [removal.uri for removal in would_remove(client, version, source.unread().chosen(), options)]


def documents_of(parting: Parting, path: Path) -> int:
    """How many documents the file becomes, by its header where that says it; one that cannot be read is none."""
    from clipseek.encoder.pictures.files import read_file
    from clipseek.encoder.pictures.formats.outline import parts_of

    try:
        return len(parts_of(read_file(path), parting)) or 1
    except ValueError:
        return 0


def _as_object(source: Source, found: Outlook, skips: Skips) -> dict[str, Any]:
    return {
        "source": str(source.path),
        "recognised": source.described(),
        **vars(found),
        "skips": list(map(as_skip, skips.kept)),
        "skips_left_out": skips.left_out,
    }
