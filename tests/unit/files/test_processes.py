from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clipseek.files.processes import elsewhere, end, identity, locked, runs

_WAITS = "import time; print(flush=True); time.sleep(60)"
_IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _WAITS


@contextmanager
def child(code: str) -> Iterator[int]:
    """The pid of a child that runs ``code``, which prints a line once it is ready."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def word(pid: int) -> str:
    known = identity(pid)
    assert known is not None
    return known


def test_an_identity_is_of_one_process() -> None:
    with child(_WAITS) as pid:
        assert identity(pid) == identity(pid) != identity(os.getpid())
        end({pid: word(pid)}, 10)
        assert identity(pid) is None
    assert identity(0) is None


def test_the_same_number_in_another_container_is_another_process() -> None:
    own = word(os.getpid())
    boot, started, namespace = own.split(":")
    assert runs(os.getpid(), own)
    assert runs(os.getpid(), f"{boot}:{started}")  # as an older clipseek wrote it
    assert not elsewhere(own)
    other = f"{boot}:{started}:{int(namespace) + 1}"
    assert not runs(os.getpid(), other)
    assert elsewhere(other)
    assert not elsewhere(f"another-boot:{started}:{int(namespace) + 1}")
    assert not elsewhere("gone")


def test_a_lock_file_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("x")
    (tmp_path / "lock").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError), locked(tmp_path / "lock"):  # noqa: PT011
        pass
    assert (tmp_path / "theirs").read_text() == "x"
    with locked(tmp_path / "own"):
        pass


def test_several_are_ended_and_one_that_will_not_is_killed() -> None:
    with child(_WAITS) as willing, child(_IGNORES) as unwilling:
        started = time.monotonic()
        end({willing: word(willing), unwilling: word(unwilling)}, 0.5)
        assert identity(willing) is identity(unwilling) is None
        assert 0.5 <= time.monotonic() - started < 10


def test_another_process_with_the_pid_is_left_alone() -> None:
    with child(_WAITS) as pid:
        end({pid: "of one that was there before"}, 1)
        assert identity(pid) is not None
