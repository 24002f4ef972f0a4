"""Is this still the process that we started? A pid alone does not say: the system hands it to another one later."""

from __future__ import annotations

import os
import subprocess
import sys
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
