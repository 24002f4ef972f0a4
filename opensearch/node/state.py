"""The state file: which process is the node, and at which address. Cheap to read; every search does."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.files.processes import runs
from clipseek.files.whole import whole_file

from .paths import NodePaths


@dataclass(frozen=True)
class NodeState:
    """One started node. ``ready`` turns true when it has answered; a starter that was killed before leaves it false. ``ml``: with
    ml-commons. ``heap``: as Java's options write it. ``closed``: by
    TLS and passwords.
    """

    pid: int
    identity: str
    url: str
    version: str
    started_at: str
    ready: bool
    ml: bool = False
    heap: str = ""
    closed: bool = False

    def alive(self) -> bool:
        """True while the process that was started still runs."""
        return runs(self.pid, self.identity)

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        with whole_file(path, mode=0o600) as part:
            part.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", "utf-8")


def read_state(path: Path) -> NodeState | None:
    """What the state file says, or ``None`` where there is none or it is not ours; says nothing about the process."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
        # A node that an older clipseek started runs on: its file says less. A newer one's says more.
        return NodeState(
            **{field.name: fields[field.name] for field in dataclasses.fields(NodeState) if field.name in fields}
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running_url(paths: NodePaths | None = None) -> str | None:
    """The address of the running embedded node, or ``None``. Reads one file, checks one process, sends nothing."""
    state = read_state((paths or NodePaths.default()).state)
    return state.url if state is not None and state.ready and state.alive() else None
