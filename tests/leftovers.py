"""What writers that were killed leave beside the files that they were writing."""

from __future__ import annotations

import subprocess
import sys


def dead_pid() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid
