"""``clipseek node``: the embedded OpenSearch on this machine."""

from __future__ import annotations

import json
import sys
import time
from collections import deque

import click

from .groups import Group
from .options.common import json_option
from .terminal.output import data, log_line, note, print_json


@click.group(cls=Group)
def node() -> None:
    """Start, stop and inspect the embedded OpenSearch node.

    It listens on 127.0.0.1 only. Its data is stored under $CLIPSEEK_DATA and its jars under $CLIPSEEK_CACHE, or else in the
    platform's folders for this user.
    """


@node.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 9200, or a free one]")
@click.option(
    "--heap", metavar="SIZE", help="Java heap size, e.g. 512m or 2g.  [default: a quarter of the memory, 1 to 16 GiB]"
)
@click.option(
    "--ml",
    is_flag=True,
    help="With ml-commons, for neural queries (clipseek neural): 366 MB are fetched the first time.",
)
@click.option(
    "--open",
    "anybody",
    is_flag=True,
    help="Without TLS and passwords: every user of this machine, and every page in its browsers, can change its indexes.",
)
def start(port: int | None, heap: str | None, ml: bool, anybody: bool) -> None:
    """Start the node unless it runs already, and print its address.

    It wants a password over TLS, which clipseek's own commands of this user know; others get theirs by clipseek node credentials.

    Writes that were not on the disk when it ended are replayed, which takes as long as there are many: that is shown.
    """
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start as start_node

    began = time.monotonic()
    state = start_node(NodePaths.default(), port=port, heap=heap, ml=ml, closed=not anybody, on_progress=note)
    note(f"ready after {time.monotonic() - began:.1f} s; stop it with: clipseek node stop")
    data(state.url)


@node.command()
def stop() -> None:
    """Write to the disk what is not there yet, and stop the node; its data stays."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import stop as stop_node

    note("stopped" if stop_node(NodePaths.default(), on_progress=note) else "no node was running")
    from clipseek.web.process.options import default_folder
    from clipseek.web.process.state import running

    if pages := running(default_folder()):
        note(f"the page at {pages[0].address} still runs; stop it with: clipseek serve stop")


@node.command()
@click.option("--rotate", is_flag=True, help="Make new passwords; the old ones end at once.")
@click.option("--curl", "for_curl", is_flag=True, help="Print certificate, user and password as curl -K reads them.")
@json_option
def credentials(rotate: bool, for_curl: bool, as_json: bool) -> None:
    """Print what curl or Dashboards need to come in to the node: address, certificate, user and password.

    With curl no password stands on a command line: clipseek node credentials --curl | curl -K - https://127.0.0.1:9200
    """
    from clipseek.opensearch.node.closed.entrance import entrance, rotate_passwords
    from clipseek.opensearch.node.paths import NodePaths

    paths = NodePaths.default()
    if rotate:
        rotate_passwords(paths, note)
    facts = entrance(paths)
    if for_curl:
        for option, value in (("cacert", facts["ca"]), ("user", f"{facts['user']}:{facts['password']}")):
            data(f"{option} = {json.dumps(value)}")
    elif as_json:
        print_json(facts)
    else:
        for name, value in facts.items():
            data(f"{name:11} {value}")
        note(f"curl: clipseek node credentials --curl | curl -K - {facts['url']}")


@node.command()
@json_option
def status(as_json: bool) -> None:
    """Print whether the node runs, where, its health and what is free on its disk. Exit code 1 if it does not run."""
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.status import read_status

    facts = read_status(NodePaths.default())
    if as_json:
        print_json(facts)
    elif facts["running"]:
        for name, value in facts.items():
            data(f"{name:11} {value}")
    else:
        data(facts["problem"] or "no node is running; start it with: clipseek node start")
    sys.exit(0 if facts["running"] else 1)


@node.command()
@click.option("-n", "--lines", default=50, show_default=True, help="Number of lines from the end.")
@click.option("-f", "--follow", is_flag=True, help="Follow the log as it grows; end with Ctrl-C.")
def logs(lines: int, follow: bool) -> None:
    """Print the end of the node's log."""
    from clipseek.opensearch.node.errors import NodeError
    from clipseek.opensearch.node.folders import open_private
    from clipseek.opensearch.node.paths import NodePaths

    path = NodePaths.default().log
    try:
        log = open_private(path)
    except OSError:
        raise NodeError(f"{path} is not there: no node was started yet; start one with: clipseek node start") from None
    with log:
        for line in deque(log, maxlen=lines):
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
