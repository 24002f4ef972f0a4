"""Grouping by how pictures look, from their files to the hits."""

from __future__ import annotations

from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.searcher import Searcher
from clipseek.sources import Record
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

pytestmark = pytest.mark.integration
ENCODER = ColourEncoder()


def test_pictures_that_look_nearly_the_same_are_one_hit(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250)):
        for at, size in enumerate((32, 48, 64)):
            shade = tuple(abs(part - 2 * at) for part in colour)
            picture = Image.new("RGB", (size, size), "white")
            picture.paste(shade, (size // 4, size // 4, size // 2, size))
            picture.save(tmp_path / f"{colour.index(250)}-{at}.png")
    entries = [Record(path.stem, path, ("red green blue boat",)) for path in sorted(tmp_path.iterdir())]
    try:
        ingest(client, "test-near", ENCODER, entries)
        version = versions.current(client, "test-near")
        for kind in ("caption", "vector", "hybrid"):
            query = Query("red green blue boat", kind=kind)
            searcher = Searcher(client, version, ENCODER)
            every = searcher.search(query)
            assert (len(every.hits), every.documents) == (9, 9)
            answer = searcher.search(query, page=Page(group_near=True))
            assert sorted(hit.id[0] for hit in answer.hits) == ["0", "1", "2"]
            assert answer.reachable == 3
            # The best of each, as it is without grouping.
            first = {hit.id[0]: hit for hit in reversed(every.hits)}
            assert {hit.id: hit.score for hit in answer.hits} == {hit.id: hit.score for hit in first.values()}
            assert all(hit.caption == "red green blue boat" for hit in answer.hits)
            assert len(searcher.search(query, page=Page(group_near=True, start=1)).hits) == 2
        alike = searcher.nearly_same("0-0", every.hits)
        assert sorted(hit.id for hit in alike) == ["0-0", "0-1", "0-2"]
        assert searcher.nearly_same("not-there", every.hits) == []
        assert not {"look", "image_vector"} & answer.hits[0].metadata.keys()
    finally:
        versions_of = client.indices.get_alias(name="test-near")
        client.indices.delete(index=",".join(versions_of))


def test_an_index_without_looks_gets_them_as_it_is_written(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    options = IndexOptions().body(4, {})
    del options["mappings"]["properties"]["look"]
    options["mappings"]["_meta"] = {"fingerprint": ENCODER.fingerprint, "dimension": 4, "mapping_version": 1}
    client.indices.create(index="test-older-1", body={**options, "aliases": {"test-older": {}}})
    try:
        assert not versions.current(client, "test-older").has_appearance
        for name in "ab":
            Image.new("RGB", (8 if name == "a" else 9, 8), "red").save(tmp_path / f"{name}.png")
        report = ingest(client, "test-older", ENCODER, [Record(name, tmp_path / f"{name}.png") for name in "ab"])
        assert (report.indexed, report.rejected) == (2, 0)
        version = versions.current(client, "test-older")
        assert version.has_appearance
        found = Searcher(client, version, ENCODER).search(Query("red", kind="vector"), page=Page(group_near=True))
        assert len(found.hits) == 1
    finally:
        client.indices.delete(index="test-older-1")
