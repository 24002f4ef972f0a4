"""``clipseek node``: the embedded OpenSearch on this machine."""

from __future__ import annotations

import sys
import time

import click

from .groups import Group
from .options import json_option
from .output import data, log_line, note, print_json


@click.group(cls=Group)
def node() -> None:
    """Start, stop and inspect the embedded OpenSearch node.

    It listens on 127.0.0.1 only. Its data is stored under $CLIPSEEK_DATA and its jars under $CLIPSEEK_CACHE, or else in the
    platform's folders for this user.
    """


@node.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 9200, or a free one]")
@click.option("--heap", default="1g", show_default=True, help="Java heap size, e.g. 512m or 2g.")
@click.option(
    "--ml",
    is_flag=True,
    help="With ml-commons, for neural queries (clipseek neural): 366 MB are fetched the first time.",
)
def start(port: int | None, heap: str, ml: bool) -> None:
    """Start the node unless it runs already, and print its address."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start as start_node

    began = time.monotonic()
    state = start_node(NodePaths.default(), port=port, heap=heap, ml=ml, on_progress=note)
    note(f"ready after {time.monotonic() - began:.1f} s; stop it with: clipseek node stop")
    data(state.url)


@node.command()
def stop() -> None:
    """Stop the node; its data stays."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import stop as stop_node

    note("stopped" if stop_node(NodePaths.default()) else "no node was running")
    from clipseek.web.process.options import default_folder
    from clipseek.web.process.state import running

    if pages := running(default_folder()):
        note(f"the page at {pages[0].address} still runs; stop it with: clipseek serve stop")


@node.command()
@json_option
def status(as_json: bool) -> None:
    """Print whether the node runs, and where. Exit code 1 if it does not."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.state import read_state

    paths = NodePaths.default()
    state = read_state(paths.state)
    running = state if state is not None and state.alive() else None
    facts = {
        "running": running is not None,
        "url": running.url if running else None,
        "pid": running.pid if running else None,
        "version": state.version if state else None,
        "ml": running.ml if running else None,
        "started_at": running.started_at if running else None,
        "data": str(paths.node),
        "jars": str(paths.jars),
        "log": str(paths.log),
    }
    if as_json:
        print_json(facts)
    elif running:
        for name, value in facts.items():
            data(f"{name:11} {value}")
    else:
        data("no node is running; start it with: clipseek node start")
    sys.exit(0 if running else 1)


@node.command()
@click.option("-n", "--lines", default=50, show_default=True, help="Number of lines from the end.")
@click.option("-f", "--follow", is_flag=True, help="Follow the log as it grows; end with Ctrl-C.")
def logs(lines: int, follow: bool) -> None:
    """Print the end of the node's log."""
    from clipseek.opensearch.node.errors import NodeError
    from clipseek.opensearch.node.paths import NodePaths

    path = NodePaths.default().log
    if not path.is_file():
        raise NodeError(f"{path} is not there: no node was started yet; start one with: clipseek node start")
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in log.readlines()[-lines:]:
            log_line(line)
        while follow:
            if line := log.readline():
                log_line(line)
            else:
                time.sleep(0.2)


@node.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--all", "everything", is_flag=True, help="Also delete the downloaded jars.")
def reset(yes: bool, everything: bool) -> None:
    """Stop the node and delete its data: every index in it is lost."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import reset as reset_node

    paths = NodePaths.default()
    if not yes:
        click.confirm(f"Delete every index in {paths.node}?", abort=True, err=True)
    removed = reset_node(paths, everything)
    note("\n".join(f"removed {path}" for path in removed) or "nothing was there")
