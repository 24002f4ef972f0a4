"""``clipseek index`` on a real server: what is listed, what is measured, what is deleted and what is not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import numpy as np
import pytest
from click.testing import CliRunner
from clipseek.cli.index import index as command
from clipseek.opensearch.errors import IndexMissing, IndexUnusable
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.inventory import delete_index, list_indexes
from clipseek.opensearch.index.mapping import IndexOptions, read_preset
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.server.client import connect
from clipseek.relevance.hnsw_recall import hnsw_body, hnsw_recalls, sample_vectors

pytestmark = pytest.mark.integration
COUNT, DIMENSION = 3000, 32


@pytest.fixture(scope="module", params=[(16, 128), (2, 2)], ids=["good graph", "bad graph"])
def made(request: pytest.FixtureRequest, opensearch_url: str) -> object:
    client = connect(opensearch_url)
    m, ef = request.param
    options = IndexOptions(m=m, ef_construction=ef, fields={"half": "keyword"})
    version = versions.create(client, f"test-recall-{m}", fingerprint="cd" * 32, dimension=DIMENSION, options=options)
    rows = np.random.default_rng(1).normal(size=(COUNT, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    lines: list[object] = []
    for at, row in enumerate(rows):
        half = "even" if at % 2 == 0 else "odd"
        lines += [
            {"index": {"_id": f"d{at}"}},
            {"image_id": f"d{at}", "image_vector": row.tolist(), "metadata": {"half": half}},
        ]
    client.bulk(index=version.index, body="".join(json.dumps(line) + "\n" for line in lines), refresh=True)
    # One segment: merges behind our back would change the graph between two searches.
    client.indices.forcemerge(index=version.index, params={"max_num_segments": 1})
    client.indices.refresh(index=version.index)
    yield client, version, rows, m
    client.indices.delete(index=version.index, ignore_unavailable=True)


def test_recall_is_that_of_an_exact_search(made: tuple[object, Version, np.ndarray, int]) -> None:
    client, version, rows, m = made
    vectors = sample_vectors(client, version, 30)  # type: ignore[arg-type]
    found = hnsw_recalls(client, version, vectors)  # type: ignore[arg-type]
    for vector, (at_10, at_100) in zip(vectors, found, strict=True):
        near = client.search(index=version.index, body=hnsw_body(vector, 101, []))["hits"]["hits"]  # type: ignore[attr-defined]
        products = rows @ vector
        own, *order = np.argsort(-products, kind="stable")[:101]
        ours = [int(row["_id"][1:]) for row in near if row["_id"] != f"d{own}"]
        for k, share in ((10, at_10), (100, at_100)):
            last = products[order[k - 1]]  # what is as near as the last, up to rounding, may count
            surely, perhaps = (sum(products[at] >= last + slack for at in ours[:k]) for slack in (1e-5, -1e-5))
            assert surely - 1e-6 <= share * k <= perhaps + 1e-6
            assert perhaps - surely <= 3
    assert (found.mean() > 0.99) == (m == 16)


def test_the_command_reports_both_and_gives_advice(
    made: tuple[object, Version, np.ndarray, int], opensearch_url: str
) -> None:
    _, version, _, m = made
    done = CliRunner().invoke(command, ["check", version.alias, "--url", opensearch_url, "--queries", "20", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [(row["pictures"], row["k"]) for row in report[:2]] == [("all pictures", 10), ("all pictures", 100)]
    assert report[2]["pictures"] in ("half=even", "half=odd")
    assert all(row["low"] <= row["recall"] <= row["high"] for row in report)
    assert done.stderr.strip().endswith("nothing to do" if m == 16 else "--preset talk")


def test_advise_measures_variants_and_leaves_nothing_behind(
    made: tuple[object, Version, np.ndarray, int], opensearch_url: str
) -> None:
    client, version, _, m = made
    if m != 16:
        return  # the index's own graph makes no difference

    def there() -> set[str]:  # others may use the server meanwhile
        names = {facts["index"] for facts in client.cat.indices(format="json")}  # type: ignore[attr-defined]
        return {name for name in names if name.startswith(version.alias)}

    before = there()
    arguments = ["advise", version.alias, "--url", opensearch_url, "--vectors", "1000", "--queries", "20"]
    done = CliRunner().invoke(command, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    found = {(row["engine"], row["preset"]): row for row in report["variants"]}
    assert {("lucene", "8,64,1x"), ("lucene", "default"), ("lucene", "talk"), ("lucene", "16,128,4x")} <= found.keys()
    for (engine, _), row in found.items():
        assert engine == "faiss" or row["recall@10"] > (0.8 if row["preset"].endswith("4x") else 0.99)
        assert row["disk"] > 4 * DIMENSION
    assert any(row["pareto"] for row in found.values())
    method = report["chosen"]["method"]
    assert report["chosen"]["dimension"] == DIMENSION
    # What is advised can be made.
    *_, engine, _, preset = done.stderr.strip().splitlines()[-1].split()
    graph = read_preset(preset)
    assert (method["engine"], method["parameters"]["m"], report["chosen"]["compression_level"]) == (
        engine,
        graph[0],
        graph[2],
    )
    options = IndexOptions(engine=engine, m=graph[0], ef_construction=graph[1], compression=graph[2])  # type: ignore[arg-type]
    advised = versions.create(client, "test-advised", fingerprint="ab" * 32, dimension=4, options=options)  # type: ignore[arg-type]
    assert advised.preset == preset
    assert versions.current(client, "test-advised").preset == preset  # type: ignore[arg-type]
    client.indices.delete(index=advised.index)  # type: ignore[attr-defined]
    # Interrupted while a variant is there, it takes it away.
    running = subprocess.Popen(
        [sys.executable, "-m", "clipseek.cli", "index", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(2000):
        if any("-advise-" in name for name in there()):
            break
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    assert there() == before


def test_list_and_delete_know_only_what_clipseek_made(opensearch_url: str) -> None:
    client = connect(opensearch_url)
    version = versions.create(client, "test-listed", fingerprint="ef" * 32, dimension=4, bundle="/bundle")
    client.indices.create(index="test-foreign")
    try:
        facts = {found.index: found for found in list_indexes(client)}
        assert "test-foreign" not in facts
        mine = facts[version.index]
        assert (mine.aliases, mine.pictures, mine.m, mine.ef_construction) == (("test-listed",), 0, 16, 128)
        assert (mine.engine, mine.shards, mine.bundle, mine.fingerprint) == ("lucene", 1, "/bundle", "ef" * 32)
        with pytest.raises(IndexUnusable, match="not made by clipseek"):
            delete_index(client, "test-foreign")
        assert CliRunner().invoke(command, ["delete", "test-listed", "--url", opensearch_url]).exit_code == 2
        assert versions.find(client, "test-listed") is not None
        assert delete_index(client, "test-listed") == [version.index]
        with pytest.raises(IndexMissing, match="clipseek index list"):
            delete_index(client, "test-listed")
    finally:
        client.indices.delete(index="test-foreign")
        client.indices.delete(index=version.index, ignore_unavailable=True)


def test_an_alias_with_a_filter_is_refused(opensearch_url: str) -> None:
    client = connect(opensearch_url)
    version = versions.create(client, "test-filtered", fingerprint="cd" * 32, dimension=DIMENSION)
    try:
        client.indices.put_alias(
            index=version.index, name="test-filtered-view", body={"filter": {"term": {"image_id": "a"}}}
        )
        with pytest.raises(IndexUnusable, match="test-filtered-view has a filter"):
            versions.current(client, "test-filtered-view")
        assert versions.current(client, "test-filtered") == version
    finally:
        client.indices.delete(index=version.index)


def test_several_that_make_the_first_version_at_once_get_one(opensearch_url: str) -> None:
    """Of different models, from machines whose clocks differ: the server lets one through, and one index is behind the alias."""
    alias = f"test-first-{uuid4().hex[:8]}"
    together = Barrier(4)

    def first(number: int) -> str:
        together.wait()
        return versions.create(connect(opensearch_url), alias, fingerprint=f"{number:064x}", dimension=4).fingerprint

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(first, range(4)))
    client = connect(opensearch_url)
    try:
        assert len(set(made)) == 1
        assert versions.current(client, alias).index == f"{alias}-000001"
        assert list(client.indices.get_alias(name=alias)) == [f"{alias}-000001"]
    finally:
        client.indices.delete(index=f"{alias}-*", params={"ignore_unavailable": "true"})
