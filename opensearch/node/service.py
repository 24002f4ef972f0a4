"""Start, stop and look after the one embedded node."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import re
import shutil
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from clipseek.files.processes import collect, end, locked

from .artifacts import Lock, assembled
from .errors import PortTaken, StartFailed, UnsupportedSystem
from .java import find_java
from .launch import launch, make_folder
from .paths import NodePaths
from .state import NodeState, read_state

START_SECONDS = 120.0

Progress = Callable[[str], None]


def start(
    paths: NodePaths,
    *,
    port: int | None = None,
    heap: str = "1g",
    ml: bool = False,
    on_progress: Progress = lambda text: None,
) -> NodeState:
    """The running node, started now or before. Two starts at once give one node; leftovers of a crash are cleared away.

    ``port`` is a wish that must be met; without it 9200 or any free one is taken. ``ml``: with ml-commons, which is fetched when it
    is first wanted. Raises NodeError's tree.
    """
    if sys.platform == "win32":
        raise UnsupportedSystem(
            "the embedded node runs on Linux and macOS; on Windows use WSL, or docker/compose.yaml and --url"
        )
    if not re.fullmatch(r"[1-9]\d{0,5}[mg]", heap):
        raise StartFailed(f"heap {heap!r} is no size; write it like 512m or 2g")
    make_folder(paths.data)
    make_folder(paths.cache)
    with locked(paths.lock):
        state = read_state(paths.state)
        if state is not None and state.alive():
            if ml and not state.ml:
                raise StartFailed(
                    f"a node without ml-commons runs at {state.url}; stop it first, its data stays: clipseek node stop"
                )
            if not state.ready:
                # Somebody was killed while waiting for it: the node itself may be well.
                on_progress("a node is already starting; waiting for it")
                return _wait(paths, state, on_progress)
            if port is not None and not state.url.endswith(f":{port}"):
                raise PortTaken(f"a node runs at {state.url} already; stop it first: clipseek node stop")
            return state
        if state is not None:
            on_progress("the last node ended without saying so; clearing up after it")
            paths.state.unlink(missing_ok=True)
        java = find_java()
        home = assembled(Lock.shipped(ml=ml), paths, on_progress)
        return _wait(paths, launch(paths, home, java, port, heap, on_progress, ml=ml), on_progress)


def stop(paths: NodePaths, seconds: float = 30.0) -> bool:
    """Stop the node; False where none ran. A process that only has the old pid is left alone."""
    make_folder(paths.data)
    with locked(paths.lock):
        state = read_state(paths.state)
        if state is None or not state.alive():
            paths.state.unlink(missing_ok=True)
            return False
        end({state.pid: state.identity}, seconds)
        paths.state.unlink(missing_ok=True)
        return True


def reset(paths: NodePaths, everything: bool = False) -> list[Path]:
    """Stop the node and remove its data (with ``everything`` the fetched artifacts too). Returns what was removed."""
    stop(paths)
    removed = []
    for folder in (paths.node, *([paths.jars] if everything else [])):
        if folder.exists():
            shutil.rmtree(folder)
            removed.append(folder)
    return removed


def last_error(log: Path) -> str:
    """The last line of the log that says what went wrong, or an empty string."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()[-400:]
    except OSError:
        return ""
    signs = ("Exception", "ERROR", "Error:", "error:", "Unrecognized", "Could not", "FATAL", "No space")
    errors = [
        line.strip() for line in lines if any(sign in line for sign in signs) and not line.strip().startswith("at ")
    ]
    return errors[-1][:240] if errors else (lines[-1].strip()[:240] if lines else "")


def _wait(paths: NodePaths, state: NodeState, on_progress: Progress) -> NodeState:
    """Wait until the node answers; then it is ``ready``. Raises StartFailed, and leaves no process behind."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        collect(state.pid)
        if not state.alive():
            paths.state.unlink(missing_ok=True)
            raise StartFailed(
                f"OpenSearch ended while starting: {last_error(paths.log) or 'no reason given'} (log: {paths.log})"
            )
        if _answers(state.url):
            ready = dataclasses.replace(state, ready=True)
            ready.write(paths.state)
            on_progress(f"OpenSearch answers at {state.url}")
            return ready
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGKILL)
    paths.state.unlink(missing_ok=True)
    raise StartFailed(
        f"OpenSearch did not answer within {START_SECONDS:.0f} s and was ended; its log: {paths.log}, or try --heap 512m"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health?wait_for_status=yellow&timeout=5s", timeout=10) as answer:
            return bool(json.load(answer)["status"] in ("green", "yellow"))
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return False
