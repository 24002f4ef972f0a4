from __future__ import annotations

import opensearchpy
from clipseek.opensearch.ingest.needs import FEW, needs_of, warnings
from clipseek.testing.server import Answer, FakeServer


def stats(free: int, heap: int) -> Answer:
    fs = {"data": [{"path": "/data", "total_in_bytes": 10**12, "available_in_bytes": free}]}
    return 200, {"nodes": {"n": {"name": "n", "fs": fs, "jvm": {"mem": {"heap_max_in_bytes": heap}}}}}


def test_needs_grow_with_pictures_and_numbers() -> None:
    small, large = needs_of(1000, 256), needs_of(2000, 256)
    assert (large.memory, large.disk) == (2 * small.memory, 2 * small.disk)
    assert needs_of(1000, 512).disk > small.disk
    # Measured: the demo's index, and a hundred thousand documents of captions and little else.
    assert 1 <= needs_of(24_676, 256).disk / 128.6e6 < 1.1
    assert 1 <= needs_of(100_000, 512).disk / 867e6 < 1.15
    # What filled a node: 281,000 vectors of 256 numbers at 1 GiB; and what went into 6 GiB.
    assert 0.9 * 2**30 < needs_of(281_000, 256).memory < 1.1 * 2**30
    assert needs_of(1_000_000, 256).memory < 6 * 2**30


def test_a_line_for_each_that_the_server_lacks(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    def said(free: int, heap: int, pictures: int = 1_000_000) -> list[str]:
        server.interceptors = [lambda method, path, body: stats(free, heap) if "_nodes" in path else None] * 2
        return warnings(client, pictures, 512)

    assert said(10**12, 10**11) == []
    (disk,) = said(10**9, 10**11)
    assert "GB on disk" in disk
    (heap,) = said(10**12, 10**9)
    assert "GB of heap; the server has 1.0 GB" in heap
    assert said(0, 0, FEW - 1) == []
