"""The state file: which process is the node, and at which address. Cheap to read; every search does."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.files.whole import whole_file

from .paths import NodePaths


@dataclass(frozen=True)
class NodeState:
    """One started node. ``ready`` turns true when it has answered; a starter that was killed before leaves it false. ``ml``: with
    ml-commons.
    """

    pid: int
    identity: str
    url: str
    version: str
    started_at: str
    ready: bool
    ml: bool = False

    def alive(self) -> bool:
        """True while the process that was started still runs."""
        return identity(self.pid) == self.identity

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        with whole_file(path) as part:
            part.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", "utf-8")
            part.chmod(0o644)


def read_state(path: Path) -> NodeState | None:
    """What the state file says, or ``None`` where there is none or it is not ours; says nothing about the process."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
        names = [field.name for field in dataclasses.fields(NodeState)]
        # A node that an older clipseek started runs on: its file has no "ml".
        return NodeState(**{name: {"ml": False, **fields}[name] for name in names})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running_url(paths: NodePaths | None = None) -> str | None:
    """The address of the running embedded node, or ``None``. Reads one file, checks one process, sends nothing."""
    state = read_state((paths or NodePaths.default()).state)
    return state.url if state is not None and state.ready and state.alive() else None


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
