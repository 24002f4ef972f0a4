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
            boot = _boot()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}:{_namespace()}"
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    status, _, started = answer.stdout.strip().partition(" ")
    return None if not status or status.startswith("Z") else started.strip()


def runs(pid: int, word: str) -> bool:
    """Whether the process of that ``identity`` runs; never another one with its number."""
    now = identity(pid)
    # Without a namespace it was written by an older clipseek.
    return now is not None and word in (now, now.rpartition(":")[0])


def elsewhere(word: str) -> bool:
    """Whether the process of that ``identity`` is of another container on this machine, where it cannot be looked up from here."""
    if not sys.platform.startswith("linux"):
        return False
    boot, _, rest = word.partition(":")
    namespace = rest.partition(":")[2]
    try:
        return bool(namespace) and boot == _boot() and namespace != _namespace()
    except OSError:
        return False


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _namespace() -> str:
    """Of this process's ids: each container has its own, and its own process 1."""
    return os.readlink("/proc/self/ns/pid").removeprefix("pid:[").removesuffix("]")


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

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _running(processes: Mapping[int, str]) -> list[int]:
    return [pid for pid, word in processes.items() if runs(pid, word)]
