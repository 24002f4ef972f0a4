from __future__ import annotations

import opensearchpy
from clipseek.opensearch.ingest.needs import FEW, needs_of, warnings
from clipseek.testing.server import Answer, FakeServer


def stats(free: int, heap: int, memory: int) -> Answer:
    fs = {"data": [{"path": "/data", "total_in_bytes": 10**12, "available_in_bytes": free}]}
    own = {"jvm": {"mem": {"heap_max_in_bytes": heap}}, "os": {"mem": {"total_in_bytes": memory}}}
    return 200, {"nodes": {"n": {"name": "n", "fs": fs, **own}}}


def test_needs_grow_with_pictures_and_numbers() -> None:
    small, large = needs_of(1000, 256), needs_of(2000, 256)
    assert (large.cache, large.disk) == (2 * small.cache, 2 * small.disk)
    assert large.memory > small.memory
    assert needs_of(1000, 512).disk > small.disk
    # Measured: the demo's index, and a hundred thousand documents of captions and little else.
    assert 1 <= needs_of(24_676, 256).disk / 128.6e6 < 1.1
    assert 1 <= needs_of(100_000, 512).disk / 867e6 < 1.15
    # What filled 1 GiB, as Java counts it; and a million, which used 0.8 GB where there was more.
    assert 1_037_959_168 < needs_of(281_000, 256).memory < 1.05 * 2**30
    million = needs_of(1_000_000, 512)
    assert 0.8e9 < million.memory < 1.5e9
    assert 2.05e9 < million.cache < 2.3e9
    # A segment has its largest size: the heap that is needed does not grow for ever.
    assert needs_of(10_000_000, 512).memory == needs_of(2_000_000, 512).memory


def test_a_line_for_each_that_the_server_lacks(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    def said(free: int, heap: int, memory: int = 10**12, pictures: int = 1_000_000) -> list[str]:
        server.interceptors = [lambda method, path, body: stats(free, heap, memory) if "_nodes" in path else None] * 2
        return warnings(client, pictures, 512)

    assert said(10**12, 10**10) == []
    (disk,) = said(10**9, 10**10)
    assert "GB on disk" in disk
    (heap,) = said(10**12, 10**9)
    assert "GB of heap while they are ingested; the server has 1.0 GB" in heap
    (cache,) = said(10**12, 2 * 10**9, 4 * 10**9)
    assert "have 2.2 GB of vectors and links" in cache
    assert "the server's machine has 2.0 GB of that" in cache
    assert said(0, 0, 0, FEW - 1) == []
