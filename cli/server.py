"""Which server a command speaks to: the one named, the embedded node where it runs, or the usual address."""

from __future__ import annotations

import os
from typing import Any

import click

url_option = click.option(
    "--url", envvar="CLIPSEEK_URL", help="The server; the embedded node, else http://localhost:9200."
)


def address(url: str | None) -> str:
    """``url``, or where a server is looked for without it."""
    from clipseek.opensearch.node.state import running_url

    return url or running_url() or "http://localhost:9200"


def connected(url: str | None) -> Any:
    """A client of it. Raises OpenSearchError where none answers."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported: nothing here multiplies matrices
    from clipseek.opensearch.server.client import connect

    return connect(address(url))
