"""How much memory the node's Java gets where nobody says it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..errors import StartFailed

_MIB = 1 << 20
SMALLEST, LARGEST = 1024, 16 * 1024  # MiB
#: From here on (MiB) a collector that works beside the searches is worth its threads.
CONCURRENT = 4096


def megabytes(heap: str) -> int:
    """``512m`` or ``2g`` in MiB. Raises StartFailed for what is no size."""
    match = re.fullmatch(r"([1-9]\d{0,5})([mg])", heap)
    if match is None:
        raise StartFailed(f"heap {heap!r} is no size; write it like 512m or 2g")
    return int(match[1]) * (1024 if match[2] == "g" else 1)


def default_heap(memory: int) -> str:
    """A quarter of ``memory`` (bytes), 1 to 16 GiB, as Java's options write it: ``1536m``."""
    return f"{min(max(memory // 4 // _MIB, SMALLEST), LARGEST)}m"


def usable_memory(root: Path = Path("/")) -> int:
    """Bytes that this process may use: the machine's, or less where a control group limits it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(root)])


def _limits(root: Path) -> list[int]:
    """The limits (bytes) of this process's control group and of those above it, version 2 and 1."""
    try:
        groups = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in groups:
        _, controllers, group = line.split(":", 2)
        if controllers not in ("", "memory") and "memory" not in controllers.split(","):
            continue
        base, name = ("", "memory.max") if controllers == "" else ("memory", "memory.limit_in_bytes")
        top = root / "sys/fs/cgroup" / base
        inner = top / group.strip("/")
        # In a container the group's own path may not be there: its files are those of the top.
        for folder in {top, inner, *(parent for parent in inner.parents if parent.is_relative_to(top))}:
            try:
                text = (folder / name).read_text("ascii").strip()
            except OSError:
                continue
            if text.isdigit():
                found.append(int(text))
    return found
