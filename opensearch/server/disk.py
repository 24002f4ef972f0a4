"""The disks of a server's nodes: how full they are, and whether that is why it takes no writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import opensearchpy

from ..errors import IndexReadOnly, OpenSearchError

ProblemT = TypeVar("ProblemT", bound=OpenSearchError)
#: Free space below which a failure to write is put down to the disk: OpenSearch's own flood stage is 95 %, ours 500 MB.
_SHORT_BYTES = 600 << 20
_SHORT_SHARE = 0.05


@dataclass(frozen=True)
class Disk:
    """A node's disk: where the node keeps its data, and bytes."""

    node: str
    path: str
    total: int
    free: int

    @property
    def is_full(self) -> bool:
        return self.free < _SHORT_BYTES or self.free < _SHORT_SHARE * self.total

    def __str__(self) -> str:
        return f"disk of node {self.node}, {self.path}: {self.free / 1e9:.1f} GB free of {self.total / 1e9:.1f}"


def disks(client: opensearchpy.OpenSearch) -> list[Disk]:
    """The disk of every node with data, the fullest first. Raises OpenSearchError, where the user may not ask for instance."""
    answer: Any = client.nodes.stats(metric="fs", params={"request_timeout": 5})
    found = []
    for node in (answer.get("nodes") or {}).values():
        for place in (node.get("fs") or {}).get("data") or []:
            found.append(
                Disk(
                    str(node.get("name", "")),
                    str(place.get("path") or place.get("mount") or ""),
                    int(place.get("total_in_bytes", 0)),
                    int(place.get("available_in_bytes", 0)),
                )
            )
    return sorted(found, key=lambda disk: disk.free)


def disk_is_full(client: opensearchpy.OpenSearch) -> bool | None:
    """Whether a node's disk is full; None where nobody says."""
    try:
        found = disks(client)
    except OpenSearchError:
        return None
    return any(disk.is_full for disk in found) if found else None


def explained(client: opensearchpy.OpenSearch, problem: ProblemT) -> ProblemT:
    """``problem``, which names the disk where that is full or the index closed to writes; otherwise as it is."""
    try:
        fullest = next(iter(disks(client)), None)
    except OpenSearchError:
        return problem  # no rights to see it, or nobody there: the failure is told as it came
    if fullest is None or not (fullest.is_full or (isinstance(problem, IndexReadOnly) and problem.by_disk)):
        return problem
    problem.args = (f"{problem} ({fullest})", *problem.args[1:])
    return problem
