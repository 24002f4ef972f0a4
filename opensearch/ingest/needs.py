"""What an index of so many pictures will need of a server, and whether that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import opensearchpy

from ..errors import OpenSearchError
from ..server.disk import disks

#: Bytes of a document besides its vector: caption, places, appearance, indexed fields (measured on the demo's index).
_FIELDS = 800
#: Bytes of a number of a vector as it stands in a document, compressed; and of one beside the graph and in the doc values, where
#: Lucene's engine keeps it once more (measured: 4.65 kB and 2 x 2.05 kB for 512 numbers; docs/log/growth.md).
_WRITTEN, _STORED = 9.0, 8.0
#: Of a number of a vector and of a document, in the heap while an index is filled: 281,000 vectors of 256 numbers filled one of
#: 1 GiB, a million went into 6 GiB.
_HEAP_NUMBER, _HEAP_DOCUMENT = 10.0, 900
#: Segments are written anew while they are merged, and old ones are deleted afterwards.
_WHILE_MERGING = 1.5
#: Pictures below which nobody needs to be warned.
FEW = 20_000


@dataclass(frozen=True)
class Needs:
    """Bytes: ``memory`` of the heap, ``disk`` in the end, ``peak`` of it while segments are merged."""

    memory: int
    disk: int

    @property
    def peak(self) -> int:
        return int(self.disk * _WHILE_MERGING)


def needs_of(pictures: int, dimension: int, m: int = 16) -> Needs:
    """An estimate for ``pictures`` vectors of ``dimension`` floats in a graph of ``m`` links."""
    graph = 8 * m  # links of the lowest layer, both ways, packed
    document = dimension * (_WRITTEN + _STORED) + graph + _FIELDS
    return Needs(int(pictures * (dimension * _HEAP_NUMBER + _HEAP_DOCUMENT)), int(pictures * document))


def warnings(client: opensearchpy.OpenSearch, pictures: int, dimension: int, m: int = 16) -> list[str]:
    """A line for what the server seems to lack for ``pictures`` further ones; none where it cannot be asked."""
    if pictures < FEW:
        return []
    need, found = needs_of(pictures, dimension, m), []
    try:
        room = sum(disk.free for disk in disks(client))
        answer: Any = client.nodes.stats(metric="jvm", params={"request_timeout": 5})
        heap = sum(int(node["jvm"]["mem"]["heap_max_in_bytes"]) for node in answer["nodes"].values())
    except (OpenSearchError, KeyError):
        return []
    if need.peak > room:
        found.append(
            f"{pictures:,} pictures need about {need.disk / 1e9:.1f} GB on disk, {need.peak / 1e9:.1f} GB while merging; "
            f"the server has {room / 1e9:.1f} GB free"
        )
    if need.memory > heap:
        found.append(
            f"{pictures:,} pictures need about {need.memory / 1e9:.1f} GB of heap; the server has {heap / 1e9:.1f} GB (node start "
            "--heap gives the embedded one more)"
        )
    return found
