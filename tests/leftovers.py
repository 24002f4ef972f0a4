"""What processes that were killed leave beside the files that they were writing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

from clipseek.files.whole import new_name


def dead_pid() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def left_by(pid: int, target: Path, kind: Literal["part", "old"]) -> Path:
    """The name under which the process ``pid`` of this machine was writing ``target``, or had set it aside."""
    return target.with_name(new_name(target, kind).name.replace(f"-{os.getpid()}-", f"-{pid}-"))
