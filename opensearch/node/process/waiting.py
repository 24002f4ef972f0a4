"""From a process that was started to a node that answers: recovery is shown and waited for, and what answers is never ended."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clipseek.files.processes import collect

from ..asking import Asking
from ..errors import PortTaken, StartFailed
from ..folders import open_private
from ..paths import NodePaths
from ..reach import ours
from ..state import NodeState

Progress = Callable[[str], None]
_SIGNS = ("Exception", "ERROR", "Error:", "error:", "Unrecognized", "Could not", "FATAL", "No space", "OutOfMemory")


@dataclass(frozen=True)
class Patience:
    """Seconds. answer: without an answer and without a further line in its log, before a process is ended. still: that a recovery
    may go without any change. say: between lines.
    """

    answer: float = 120.0
    still: float = 60.0
    say: float = 5.0


def wait_until_up(
    paths: NodePaths,
    state: NodeState,
    asking: Asking,
    on_progress: Progress,
    patience: Patience | None = None,
    before_use: Callable[[], None] = lambda: None,
) -> NodeState:
    """Wait until the node answers and its indexes are there, as long as their recovery moves; then ``before_use``, and it is
    ``ready``.

    Raises StartFailed for a process that ended (PortTaken where another one had its port), or that neither answers nor writes to
    its log any more; the latter is ended. A node that answers stays, with those indexes that it has.
    """
    patience = patience or Patience()
    moved = said = time.monotonic()
    seen: Any = None
    written = _written(paths)
    while True:
        collect(state.pid)
        if not state.alive():
            paths.state.unlink(missing_ok=True)
            reason = last_error(paths) or "no reason given"
            failure = PortTaken if "Address already in use" in reason else StartFailed
            raise failure(f"OpenSearch ended while starting: {reason} (log: {paths.log})")
        now = time.monotonic()
        found = recovery(asking) if ours(state, asking) else None
        if found is not None and found.done:
            break
        if found is not None:
            if found != seen:
                seen, moved = found, now
            if now - said >= patience.say:
                said = now
                on_progress(f"recovering: {found}")
            if now - moved > patience.still:
                on_progress(
                    f"the node is up with {found}, and that has not changed for {patience.still:.0f} s; see clipseek node logs"
                )
                break
        elif (more := _written(paths)) != written:  # a busy machine may take minutes
            written, moved = more, now
        elif seen is None and now - moved > patience.answer:
            _kill(state)
            paths.state.unlink(missing_ok=True)
            raise StartFailed(
                f"OpenSearch did not answer, nor write to its log for {patience.answer:.0f} s, and was ended; its log: "
                f"{paths.log}, or try --heap 512m"
            )
        time.sleep(0.1)
    before_use()
    ready = dataclasses.replace(state, ready=True)
    ready.write(paths.state)
    on_progress(f"OpenSearch answers at {state.url}")
    return ready


def _written(paths: NodePaths) -> list[tuple[int, int]]:
    """Changes with every line of the node's log and of its Java's."""
    files = [file.lstat() for file in (paths.log, paths.started) if file.exists()]
    return [(file.st_ino, file.st_size) for file in files]


@dataclass(frozen=True)
class Recovery:
    """How far the node's indexes are: of ``shards``, ``up`` answer; ``replayed`` of ``operations`` written after the last flush."""

    up: int
    shards: int
    replayed: int
    operations: int
    done: bool

    def __str__(self) -> str:
        rest = f", {self.replayed:,} of {self.operations:,} operations replayed" if self.operations else ""
        return f"{self.up:,} of {self.shards:,} shards up{rest}"


def recovery(asking: Asking) -> Recovery | None:
    """None where the node does not answer yet."""
    status, health = asking.send("GET", "/_cluster/health?timeout=1s")
    if status != 200 or not isinstance(health, dict):
        return None
    primaries = health.get("active_primary_shards", 0)
    waiting = health.get("unassigned_shards", 0) + health.get("initializing_shards", 0)
    done = health.get("status") in ("green", "yellow")
    if done:
        return Recovery(primaries, primaries, 0, 0, True)
    _, rows = asking.send("GET", "/_cat/recovery?format=json&active_only=true&h=translog_ops,translog_ops_recovered")
    rows = rows if isinstance(rows, list) else []

    def total(name: str) -> int:
        return sum(int(row[name]) for row in rows if str(row.get(name, "")).isdigit())

    return Recovery(primaries, primaries + waiting, total("translog_ops_recovered"), total("translog_ops"), False)


def last_error(paths: NodePaths) -> str:
    """The last line of the node's log, else of its Java, that says what went wrong, or an empty string."""
    last = ""
    for file in (paths.log, paths.started):
        try:
            with open_private(file) as log:
                lines = list(deque(log, maxlen=400))
        except OSError:
            continue
        errors = [
            line.strip()
            for line in lines
            if any(sign in line for sign in _SIGNS) and not line.strip().startswith("at ")
        ]
        if errors:
            return errors[-1][:240]
        last = last or (lines[-1].strip()[:240] if lines else "")
    return last


def _kill(state: NodeState) -> None:
    if state.alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGKILL)
