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
#: Heap: what a node has before its first document, its buffers while it is filled included; of a document whose segment is merged,
#: ids and distances of its links, ``2m + 1`` of them, and three objects (measured: 75 MB without, 354 bytes for m = 16).
_HEAP, _LINK, _OBJECTS = 250e6, 8, 96
#: Lucene merges up to this, so that of a larger index not all is in the heap.
_LARGEST_SEGMENT = 5 << 30
#: Of the heap a third should live at most: garbage that is not collected yet counts, and at 95 % of it a server refuses. 1 GiB with
#: 281,000 vectors of 256 numbers did; a million of 512 used 0.8 GB where they had more.
_GARBAGE = 3
#: Segments are written anew while they are merged, and old ones are deleted afterwards.
_WHILE_MERGING = 1.5
#: Pictures below which nobody needs to be warned.
FEW = 20_000


@dataclass(frozen=True)
class Needs:
    """Bytes: ``memory`` of the heap; ``cache`` of memory beside it, where the system keeps the files that a search by vector reads,
    graph and vectors; ``disk`` in the end, ``peak`` of it while segments are merged.
    """

    memory: int
    cache: int
    disk: int

    @property
    def peak(self) -> int:
        return int(self.disk * _WHILE_MERGING)


def needs_of(pictures: int, dimension: int, m: int = 16) -> Needs:
    """An estimate for ``pictures`` vectors of ``dimension`` floats in a graph of ``m`` links."""
    graph = 8 * m  # links of the lowest layer, both ways, packed
    document = dimension * (_WRITTEN + _STORED) + graph + _FIELDS
    merged = min(pictures, _LARGEST_SEGMENT / document)
    heap = _GARBAGE * (_HEAP + merged * ((2 * m + 1) * _LINK + _OBJECTS))
    return Needs(int(heap), pictures * (4 * dimension + graph), int(pictures * document))


def warnings(client: opensearchpy.OpenSearch, pictures: int, dimension: int, m: int = 16) -> list[str]:
    """A line for what the server seems to lack for ``pictures`` further ones; none where it cannot be asked."""
    if pictures < FEW:
        return []
    need, found = needs_of(pictures, dimension, m), []
    try:
        room = sum(disk.free for disk in disks(client))
        answer: Any = client.nodes.stats(metric="jvm,os", params={"request_timeout": 5})
        nodes = answer["nodes"].values()
        heap = sum(int(node["jvm"]["mem"]["heap_max_in_bytes"]) for node in nodes)
        memory = sum(int(node["os"]["mem"]["total_in_bytes"]) for node in nodes)
    except (OpenSearchError, KeyError):
        return []
    if need.peak > room:
        found.append(
            f"{pictures:,} pictures need about {need.disk / 1e9:.1f} GB on disk, {need.peak / 1e9:.1f} GB while merging; "
            f"the server has {room / 1e9:.1f} GB free"
        )
    if need.memory > heap:
        found.append(
            f"{pictures:,} pictures need about {need.memory / 1e9:.1f} GB of heap while they are ingested; the server has "
            f"{heap / 1e9:.1f} GB (node start --heap gives the embedded one more)"
        )
    if need.cache > memory - heap:
        found.append(
            f"{pictures:,} pictures have {need.cache / 1e9:.1f} GB of vectors and links, which searches read from memory beside "
            f"the heap; the server's machine has {max(0, memory - heap) / 1e9:.1f} GB of that, and will read the disk each time"
        )
    return found
