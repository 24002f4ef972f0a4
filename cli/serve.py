"""``clipseek serve``: the page and the API over indexes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .groups import Group
from .opening import open_client, require
from .options.common import indexes_option, json_option, model_option, url_option
from .options.logs import log_searches_option, logging_sentence
from .options.paths import FilePath
from .terminal.output import data, is_terminal, note, print_json

if TYPE_CHECKING:
    from clipseek.web.process.options import Options
    from clipseek.web.process.state import Service

_FILE = FilePath(dir_okay=False, exists=True, resolve_path=True)


@click.group(cls=Group, invoke_without_command=True)
@indexes_option("Alias of an index to serve; repeat it for several, the first is shown first.")
@model_option
@url_option
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8642, or a free one]")
@click.option(
    "--pictures",
    "roots",
    multiple=True,
    type=FilePath(file_okay=False, exists=True, resolve_path=True),
    metavar="ROOT",
    help="Folder whose pictures may be shown; repeat it for several.  [default: those of the indexes, after you confirm them]",
)
@click.option(
    "--token-file",
    type=FilePath(dir_okay=False, resolve_path=False),
    metavar="FILE",
    help="File that holds the token, made where it is missing.  [default: a new token at each start]",
)
@click.option(
    "--open", "anybody", is_flag=True, help="Want no token: everybody who reaches the port may search and look."
)
@click.option("--certificate", type=_FILE, metavar="FILE", help="TLS certificate (PEM), with those that vouch for it.")
@click.option("--key", type=_FILE, metavar="FILE", help="Private key of --certificate (PEM), without passphrase.")
@click.option(
    "--allowed-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Name that people reach the service by, e.g. pictures.example.org; repeat it for several.",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="IP address of a proxy on another machine that speaks https for this service; repeat it for several.",
)
@click.option("--root-path", default="", metavar="PATH", help="Path that a proxy puts the service under, e.g. /icons.")
@click.option(
    "--embed-from",
    metavar="ORIGIN",
    help="Origin whose pages may show thumbnails by signed links, e.g. https://dashboards.example.org.",
)
@click.option("--access-log", is_flag=True, help="Print a line for each request on stderr: never its query or token.")
@log_searches_option
@click.option("--background", is_flag=True, help="Start in the background, print the address, and return.")
@click.pass_context
def serve(
    context: click.Context,
    indexes: tuple[str, ...],
    model: Path | None,
    url: str | None,
    host: str,
    port: int | None,
    roots: tuple[str, ...],
    token_file: str | None,
    anybody: bool,
    certificate: str | None,
    key: str | None,
    hosts: tuple[str, ...],
    proxies: tuple[str, ...],
    root_path: str,
    embed_from: str | None,
    access_log: bool,
    log_days: int | None,
    background: bool,
) -> None:
    """Serve the search page and the API over indexes, until Ctrl-C or SIGTERM.

    The printed address carries a token; who opens it comes in, and stays in by a cookie. Programs send it as Authorization:
    Bearer.
    """
    if context.invoked_subcommand is not None:
        return
    if sys.platform == "win32":
        raise click.ClickException("the page is served on Linux and macOS; on Windows use WSL")
    require("the page needs fastapi and uvicorn", "fastapi", "uvicorn", extra="web")
    client = open_client(url)
    from clipseek.opensearch.server.address import address
    from clipseek.web.process.listen import check_transport
    from clipseek.web.process.options import Options

    options = Options(
        url=url or address(client),
        indexes=indexes,
        model=None if model is None else str(model.absolute()),
        roots=roots,
        host=host,
        port=port,
        certificate=certificate,
        key=key,
        hosts=hosts,
        proxies=proxies,
        root_path=root_path.rstrip("/"),
        token_file=None if token_file is None else str(Path(token_file).absolute()),
        open=anybody,
        embed_from=embed_from,
        access_log=access_log,
        log_days=log_days,
    )
    check_transport(options)
    options = _with_pictures(client, options)
    if background:
        from clipseek.web.process.background import start_background

        service = start_background(options)
        _tell(service, options, "clipseek serve stop")
    else:
        from clipseek.web.process.server import serve as serve_here

        serve_here(options, lambda service: _tell(service, options, "Ctrl-C"))
        note("stopped")


def _with_pictures(client: Any, options: Options) -> Options:
    """``options`` with the indexes that there are, and with the folders of their pictures where the user says yes to them."""
    from clipseek.web.pictures.folders import common_folders, picture_folders
    from clipseek.web.process.server import check_indexes

    options = replace(options, indexes=check_indexes(options.url, options.indexes))
    if options.roots or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return options
    found = common_folders(folder for alias in options.indexes for folder in picture_folders(client, alias))
    there = [folder for folder in found if folder.is_dir()]
    if not there:
        return options
    note("The indexes were built from " + ", ".join(map(str, there)))
    if not click.confirm("May the page show pictures from there?", default=True, err=True):
        return options
    return replace(options, roots=tuple(map(str, there)))


def _tell(service: Service, options: Options, stop_by: str) -> None:
    note(f"serving {', '.join(service.indexes)}; stop it with: {stop_by}")
    if options.roots:
        note(f"pictures come from {', '.join(options.roots)}")
    else:
        note("pictures are off; show them by naming their folders with --pictures ROOT")
    if options.log_days is not None:
        note(logging_sentence(options.log_days))
    if service.token_file is None:
        note(f"no token is wanted (--open): whoever reaches {service.address} may search and look")
    else:
        note(f"the token is in {service.token_file}")
    data(service.entrance())
    sys.stdout.flush()


@serve.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Only the one on this port.  [default: all of this user]")
def stop(port: int | None) -> None:
    """Stop what serves; requests under way are finished."""
    from clipseek.web.process.background import stop as stop_services
    from clipseek.web.process.options import default_folder
    from clipseek.web.process.state import running

    folder = default_folder()
    services = [service for service in running(folder) if port in (None, service.port)]
    stop_services(services, folder)
    if not services:
        note("nothing was served")
        return
    note(f"stopped {', '.join(service.address for service in services)}")
    from clipseek.opensearch.node.state import running_url

    if node := running_url():
        note(f"the node stays up at {node}; stop it with: clipseek node stop")


@serve.command()
@json_option
def status(as_json: bool) -> None:
    """Print what serves, and where. Exit code 1 if nothing does."""
    from clipseek.web.process.options import default_folder
    from clipseek.web.process.state import running

    services = running(default_folder())
    if as_json:
        print_json([_facts(service) for service in services])
    for service in services if not as_json else []:
        for name, value in _facts(service).items():
            data(f"{name:11} {', '.join(value) if isinstance(value, list) else value}")
    if not services and not as_json:
        data("nothing is served; start it with: clipseek serve")
    sys.exit(0 if services else 1)


def _facts(service: Service) -> dict[str, Any]:
    return {
        "address": service.address,
        "indexes": list(service.indexes),
        "pid": service.pid,
        "started_at": service.started_at,
        "token_file": service.token_file,
        "log": service.log,
    }
