"""``clipseek mcp``: the tools for agents, over standard input and output."""

from __future__ import annotations

from pathlib import Path

import click

from .opening import open_client, require
from .options.common import indexes_option, model_option, url_option
from .options.logs import log_searches_option, logging_sentence
from .options.paths import FilePath
from .terminal.output import note


@click.command()
@indexes_option("Alias of an index that can be searched; repeat it for several, the first is meant by default.")
@model_option
@url_option
@click.option(
    "--pictures",
    "roots",
    multiple=True,
    type=FilePath(file_okay=False, exists=True, resolve_path=True, path_type=Path),
    metavar="ROOT",
    help="Folder whose pictures may be looked at and searched by; repeat it for several.  [default: none]",
)
@log_searches_option
def mcp(
    indexes: tuple[str, ...], model: Path | None, url: str | None, roots: tuple[Path, ...], log_days: int | None
) -> None:
    """Answer an agent's questions about indexes, as a Model Context Protocol server on stdin and stdout.

    Started by the agent's program, not by hand. It offers tools to describe an index, to search by words or a picture, to find
    similar pictures, to count values, and to look at a picture; none changes anything.
    """
    require("the server for agents needs mcp", "mcp", "fastapi", extra="mcp")
    client = open_client(url, check=not indexes)
    from clipseek.opensearch.server.address import address
    from clipseek.web.mcp.server import serve
    from clipseek.web.settings import Logging, Settings

    if not indexes:
        from clipseek.web.process.server import check_indexes

        indexes = check_indexes(address(client), ())
    if log_days is not None:
        note(logging_sentence(log_days))
    # With its names given it starts without the server: each call says what is missing.
    serve(
        Settings(
            url=address(client),
            indexes=indexes,
            model=None if model is None else model.absolute(),
            roots=roots,
            log=None if log_days is None else Logging(log_days),
        )
    )
