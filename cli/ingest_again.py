"""``clipseek ingest --retry FILE``: documents that the server refused, sent again."""

from __future__ import annotations

from pathlib import Path

import click

from .opening import open_client
from .terminal.output import count, data, print_json
from .terminal.skips import LISTED


def send_again(context: click.Context, path: Path, index: str, url: str | None, as_json: bool) -> None:
    """Send the documents of ``path`` again, and say what became of them; exit code 1 where some are refused again."""
    client = open_client(url)
    from clipseek.opensearch.ingest.again import send_again as send

    taken, there, refused = send(client, index, path)
    if as_json:
        print_json({"indexed": taken, "unchanged": there, "rejected": len(refused)})
    else:
        data(f"{count(taken, 'document')} of {path} indexed")
        if there:
            data(f"{there:,} {'is' if there == 1 else 'are'} in the index in the meantime")
        for letter in refused[:LISTED]:
            data(f"          {letter.file}: {letter.reason}")
        if refused:
            data(f"{len(refused):,} refused again; they stay in {path}")
    if refused:
        context.exit(1)
