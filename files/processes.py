"""Processes that a file speaks of: which one it is, whether it still runs, and its end; and a lock between processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path


def identity(pid: int) -> str | None:
    """A word that no other process with this pid, now or after a reboot, has; ``None`` when there is no such process.

    A zombie, ended and not yet collected by its parent, counts as gone.
    """
    if pid <= 0:
        return None
    if sys.platform.startswith("linux"):
        try:
            # The second field is the program's name in brackets, and may hold spaces and brackets of its own.
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    status, _, started = answer.stdout.strip().partition(" ")
    return None if not status or status.startswith("Z") else started.strip()


def end(processes: Mapping[int, str], seconds: float) -> None:
    """Send SIGTERM to the ``processes``, pid to identity, and SIGKILL to those that run on after ``seconds``; wait for both.

    A process that only has the pid of one of them is left alone.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _running(processes):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while (left := _running(processes)) and time.monotonic() < until:
            for pid in left:
                collect(pid)
            time.sleep(0.05)
        if not left:
            return


def collect(pid: int) -> None:
    """Let go of an ended child of ours, which would else count as a running process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; the system lets go of it when the process ends, however it ends."""
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _running(processes: Mapping[int, str]) -> list[int]:
    return [pid for pid, word in processes.items() if identity(pid) == word]
