"""Start, stop and look after the one embedded node."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from clipseek.files.processes import end, locked

from .artifacts import Lock, assembled
from .closed.closing import say_what_changes, set_users, wait_for_security
from .errors import PortTaken, StartFailed, UnsupportedSystem
from .folders import ENDING, check_unused, make_base, make_folder, remove_artifacts, remove_node
from .paths import NodePaths
from .process.java import find_java
from .process.launch import Wanted, launch
from .process.memory import default_heap, megabytes, usable_memory
from .process.waiting import Patience, wait_until_up
from .reach import asking_of, ours
from .state import NodeState, read_state

#: What is written when a node is stopped: the operations since the last flush, which the next start would replay.
FLUSH_SECONDS = 300.0
#: With all on the disk, what a node still does at its end (up to 30 s for clients that keep a connection) is not waited for.
FLUSHED_SECONDS = 5.0

Progress = Callable[[str], None]


def start(
    paths: NodePaths,
    *,
    port: int | None = None,
    heap: str | None = None,
    ml: bool = False,
    closed: bool = True,
    on_progress: Progress = lambda text: None,
    patience: Patience | None = None,
) -> NodeState:
    """The running node, started now or before. Two starts at once give one node; leftovers of a crash are cleared away.

    ``port`` is a wish that must be met; without it 9200 or any free one is taken. ``heap``: like ``2g``; without it a quarter of
    the memory. ``ml``: with ml-commons, which is fetched when it is first wanted. ``closed``: with TLS and passwords; the data of
    an open one go on closed, and back. Raises NodeError's tree.
    """
    if sys.platform == "win32":
        raise UnsupportedSystem(
            "the embedded node runs on Linux and macOS; on Windows use WSL, or docker/compose.yaml and --url"
        )
    if heap is None:
        memory = usable_memory()
        heap = default_heap(memory)
        said = (
            f"heap {megabytes(heap) / 1024:.1f} GiB, of {memory / 2**30:.1f} GiB of memory; choose another with --heap"
        )
    else:
        megabytes(heap)
        said = ""
    make_base(paths.data)
    make_base(paths.cache)
    make_folder(paths.jars, 0o755)
    with locked(paths.lock):
        state = read_state(paths.state)
        if state is not None and state.alive() and not _ends(paths, state):
            return _running(paths, state, Wanted(port, heap, ml, closed), on_progress, patience)
        check_unused(paths)
        if state is not None:
            on_progress("the last node ended without saying so; clearing up after it")
            paths.state.unlink(missing_ok=True)
        if said:
            on_progress(said)
        java = find_java()
        home = assembled(Lock.shipped(ml=ml, closed=closed), paths, on_progress)
        say_what_changes(paths, closed, on_progress)
        while True:
            state = launch(paths, home, java, Wanted(port, heap, ml, closed), on_progress)
            try:
                return _wait(paths, state, on_progress, patience)
            except PortTaken:
                if port is not None:
                    raise
                on_progress("another process took the port meanwhile; starting on another one")


def _wait(paths: NodePaths, state: NodeState, on_progress: Progress, patience: Patience | None) -> NodeState:
    """Until the node is up, a closed one with its users."""
    asking = asking_of(state, paths)

    def users() -> None:
        if state.closed:
            wait_for_security(asking)
            set_users(paths, asking, on_progress)

    return wait_until_up(paths, state, asking, on_progress, patience, users)


def _ends(paths: NodePaths, state: NodeState) -> bool:
    """Whether a node that was up answers no more and then ends, as one does that was just killed."""
    asking, end = asking_of(state, paths), time.monotonic() + ENDING
    while state.ready and time.monotonic() < end and asking.send("GET", "/", timeout=2)[0] == 0:
        if not state.alive():
            return True
        time.sleep(0.05)
    return False


def _running(
    paths: NodePaths, state: NodeState, wanted: Wanted, on_progress: Progress, patience: Patience | None
) -> NodeState:
    """The node of an earlier start, waited for. Raises StartFailed or PortTaken where it is not as this start wants it."""
    if wanted.ml and not state.ml:
        raise StartFailed(
            f"a node without ml-commons runs at {state.url}; stop it first, its data stays: clipseek node stop"
        )
    if wanted.port is not None and not state.url.endswith(f":{wanted.port}"):
        raise PortTaken(f"a node runs at {state.url} already; stop it first: clipseek node stop")
    if wanted.closed != state.closed:
        there = "without passwords, open to every user of this machine," if not state.closed else "with passwords"
        on_progress(
            f"the node {there} runs on as it is; clipseek node stop and a new start change that, its data stays"
        )
    if state.ready:
        return state
    # Somebody was killed while waiting for it: the node itself may be well.
    on_progress("a node is already starting; waiting for it")
    return _wait(paths, state, on_progress, patience)


def stop(paths: NodePaths, seconds: float = 60.0, on_progress: Progress = lambda text: None) -> bool:
    """Stop the node, its writes flushed; False where none ran. A process that only has the old pid is left alone."""
    if not paths.data.is_dir():
        return False
    with locked(paths.lock):
        return _stop(paths, seconds, on_progress)


def _stop(paths: NodePaths, seconds: float, on_progress: Progress) -> bool:
    state = read_state(paths.state)
    if state is None or not state.alive():
        check_unused(paths)
        paths.state.unlink(missing_ok=True)
        return False
    asking = asking_of(state, paths)
    if ours(state, asking):
        on_progress("writing what is not on the disk yet")
        status, _ = asking.send("POST", "/_flush?wait_if_ongoing=true", timeout=FLUSH_SECONDS)
        seconds = min(seconds, FLUSHED_SECONDS) if status == 200 else seconds
    end({state.pid: state.identity}, seconds)
    paths.state.unlink(missing_ok=True)
    return True


def reset(paths: NodePaths, everything: bool = False) -> list[Path]:
    """Stop the node and remove its data (with ``everything`` the fetched artifacts too). Returns what was removed.

    Raises UnreachableFolder where the node's folder holds something else; what no node has written stays.
    """
    removed: list[Path] = []
    if paths.data.is_dir():
        with locked(paths.lock):
            _stop(paths, 60.0, lambda text: None)
            removed += remove_node(paths)
    if everything and paths.jars.is_dir():
        with locked(paths.jars_lock):
            removed += remove_artifacts(paths)
    return removed
