"""``clipseek node``: the embedded OpenSearch on this machine."""

from __future__ import annotations

import json
import sys
import time

import click

from .groups import Group


@click.group(cls=Group)
def node() -> None:
    """Start, stop and look after the embedded OpenSearch node.

    It listens on 127.0.0.1 only. Its data lies under $CLIPSEEK_DATA, its jars under $CLIPSEEK_CACHE; without them in the
    platform's folders for this user.
    """


def note(message: str) -> None:
    click.echo(message, err=True)


@node.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; 9200 or a free one by default.")
@click.option("--heap", default="1g", show_default=True, help="Java heap, like 512m or 2g.")
def start(port: int | None, heap: str) -> None:
    """Start the node, or find the running one; prints its address."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start as start_node

    began = time.monotonic()
    state = start_node(NodePaths.default(), port=port, heap=heap, on_progress=note)
    note(f"ready after {time.monotonic() - began:.1f} s; stop it with: clipseek node stop")
    click.echo(state.url)


@node.command()
def stop() -> None:
    """Stop the node; its data stays."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import stop as stop_node

    note("stopped" if stop_node(NodePaths.default()) else "no node was running")


@node.command()
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(as_json: bool) -> None:
    """Say whether the node runs, and where. Exit code 1 when it does not."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.state import read_state

    paths = NodePaths.default()
    state = read_state(paths.state)
    alive = state is not None and state.alive()
    facts = {
        "running": alive,
        "url": state.url if state is not None and alive else None,
        "pid": state.pid if state is not None and alive else None,
        "version": state.version if state is not None else None,
        "started_at": state.started_at if state is not None and alive else None,
        "data": str(paths.node),
        "jars": str(paths.jars),
        "log": str(paths.log),
    }
    if as_json:
        click.echo(json.dumps(facts))
    elif alive:
        for name, value in facts.items():
            click.echo(f"{name:11} {value}")
    else:
        click.echo("no node is running; start it with: clipseek node start")
    sys.exit(0 if alive else 1)


@node.command()
@click.option("-n", "--lines", default=50, show_default=True, help="How many lines from the end.")
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows; end with Ctrl-C.")
def logs(lines: int, follow: bool) -> None:
    """Print the end of the node's log."""
    from clipseek.opensearch.node.errors import NodeError
    from clipseek.opensearch.node.paths import NodePaths

    path = NodePaths.default().log
    if not path.is_file():
        raise NodeError(f"{path} is not there: no node was started yet; start one with: clipseek node start")
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in log.readlines()[-lines:]:
            click.echo(line, nl=False)
        while follow:
            if line := log.readline():
                click.echo(line, nl=False)
            else:
                time.sleep(0.2)


@node.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--all", "everything", is_flag=True, help="The downloaded jars too.")
def reset(yes: bool, everything: bool) -> None:
    """Stop the node and delete its data: every index in it is lost."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import reset as reset_node

    paths = NodePaths.default()
    if not yes:
        click.confirm(f"Delete every index in {paths.node}?", abort=True, err=True)
    removed = reset_node(paths, everything)
    note("\n".join(f"removed {path}" for path in removed) or "nothing was there")
