from __future__ import annotations

from dataclasses import replace
from typing import Any

import opensearchpy
import pytest
from clipseek.encoder.pictures.rules import VERSIONS
from clipseek.opensearch.errors import (
    IndexMissing,
    IndexUnusable,
    InvalidOption,
    ModelMismatch,
    PluginMissing,
    RequestRefused,
)
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.declaring import declare
from clipseek.opensearch.index.mapping import MAPPING_VERSION, IndexOptions, field_name
from clipseek.opensearch.index.version import Version, check_alias
from clipseek.opensearch.index.words.analysis import ANALYSIS_VERSION
from clipseek.testing.server import FakeServer, error

MODEL = "AB12CD34" + "0" * 56


def make(client: opensearchpy.OpenSearch, alias: str = "pics", **more: Any) -> Version:
    return versions.create(client, alias, **{"fingerprint": MODEL, "dimension": 4, **more})


def test_create_puts_the_alias_on_it_and_remembers_the_model(
    server: FakeServer, client: opensearchpy.OpenSearch
) -> None:
    options = IndexOptions(analyzer="german", m=32, ef_construction=500, fields={"year": "number", "a.b": "keyword"})
    made = make(client, options=options, bundle="/models/x")
    assert made == Version(
        index="pics-000001",
        alias="pics",
        fingerprint=MODEL,
        dimension=4,
        mapping_version=MAPPING_VERSION,
        bundle="/models/x",
        analyzer="german",
        engine="lucene",
        preset="talk",
        fields={"year": "number", "a_b": "keyword"},
        analysis=ANALYSIS_VERSION,
        folding=True,
        pixel_rules=VERSIONS,
    )
    assert versions.find(client, "pics") == versions.current(client, "pics") == made
    body = server.indexes[made.index]
    assert body["aliases"] == {"pics": {}}
    assert body["settings"]["index"]["knn"] is True
    assert body["mappings"]["dynamic"] == "strict"
    assert body["mappings"]["properties"]["image_vector"] == {
        "type": "knn_vector",
        "dimension": 4,
        "compression_level": "1x",
        "method": {
            "name": "hnsw",
            "engine": "lucene",
            "space_type": "innerproduct",
            "parameters": {"m": 32, "ef_construction": 500},
        },
    }
    assert body["mappings"]["properties"]["caption"]["analyzer"] == "caption"
    assert made.analysis_lacks == ""
    assert "words with accents" in replace(made, analysis=1).analysis_lacks


def test_no_version(client: opensearchpy.OpenSearch) -> None:
    assert versions.find(client, "pics") is None
    with pytest.raises(IndexMissing, match=r"no index pics at http.*clipseek ingest SOURCE --index pics"):
        versions.current(client, "pics")


def test_a_server_without_plugins_gets_no_index(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    server.plugins = [{"component": "opensearch-knn"}]
    with pytest.raises(PluginMissing):
        make(client)
    assert server.indexes == {}


@pytest.mark.parametrize("fingerprint", [MODEL, "ef" * 32])
def test_several_that_make_the_first_version_get_one(
    server: FakeServer, client: opensearchpy.OpenSearch, fingerprint: str
) -> None:
    """Of two models, too; whatever their clocks say. Each goes on with it, or is told that another model fills it."""

    def meanwhile(method: str, path: str, body: bytes) -> None:
        if method == "PUT" and not server.indexes:
            del server.interceptors[:]
            make(client, fingerprint=fingerprint)

    server.interceptors.append(meanwhile)
    first = make(client)
    assert first.fingerprint == fingerprint
    assert make(client) == make(client, fingerprint="cd" * 32) == versions.current(client, "pics") == first
    assert set(server.indexes) == {"pics-000001"}


def test_an_index_that_was_left_without_its_alias_is_passed_over(
    server: FakeServer, client: opensearchpy.OpenSearch
) -> None:
    left = make(client)
    server.indexes[left.index]["aliases"] = {}
    assert make(client).index == "pics-000002"
    assert make(client).index == "pics-000002"


def test_an_answer_that_was_lost_and_asked_for_again(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    made = make(client)
    server.interceptors.append(
        lambda method, path, body: (
            error(400, "resource_already_exists_exception", "index exists") if method == "PUT" else None
        )
    )
    assert make(client) == made


def test_an_analyzer_that_the_server_lacks(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    def refuse(method: str, path: str, body: bytes) -> Any:
        reason = "analyzer [klingon] has not been configured in mappings"
        return error(400, "mapper_parsing_exception", reason) if method == "PUT" else None

    server.interceptors.append(refuse)
    with pytest.raises(InvalidOption, match="analyzer 'klingon' is not known at"):
        make(client, options=IndexOptions(analyzer="klingon"))
    server.interceptors.append(lambda method, *_: error(500, "other", "no room") if method == "PUT" else None)
    with pytest.raises(RequestRefused, match="no room"):
        make(client)


def test_indexes_that_are_not_ours(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    server.indexes["plain"] = {"mappings": {}}
    with pytest.raises(IndexUnusable, match="plain is an index, not an alias"):
        versions.find(client, "plain")
    server.indexes["other-1"] = {"mappings": {"_meta": {"x": 1}}, "aliases": {"other": {}}}
    with pytest.raises(IndexUnusable, match="other was not made by clipseek"):
        versions.find(client, "other")
    server.indexes["other-2"] = {"mappings": {}, "aliases": {"other": {}}}
    with pytest.raises(IndexUnusable, match=r"points to 2 indexes \(other-1, other-2\)"):
        versions.find(client, "other")


def test_an_alias_with_a_filter_is_refused_and_never_searched_around(
    server: FakeServer, client: opensearchpy.OpenSearch
) -> None:
    made = make(client)
    server.indexes[made.index]["aliases"]["mine"] = {"filter": {"term": {"team": "a"}}}
    for ask in (versions.current, versions.find):
        with pytest.raises(IndexUnusable, match=r"alias mine has a filter"):
            ask(client, "mine")
    assert versions.current(client, "pics") == made


def test_guard(client: opensearchpy.OpenSearch) -> None:
    version = make(client, bundle="/models/x")
    version.check_model(MODEL, 4)
    with pytest.raises(ModelMismatch, match=r"filled by model AB12CD34, this one is ffffffff.*/models/x.*--index NAME"):
        version.check_model("f" * 64, 4)
    with pytest.raises(ModelMismatch, match="holds vectors of 4 numbers, this model makes 8"):
        version.check_model(MODEL, 8)
    with pytest.raises(IndexUnusable, match="upgrade clipseek"):
        replace(version, mapping_version=MAPPING_VERSION + 1).check_model(MODEL, 4)


def test_an_index_that_is_gone_in_the_middle(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    version = make(client)
    versions.check_still(client, version)
    server.indexes[version.index] = {"mappings": {"properties": {}}}
    with pytest.raises(IndexMissing, match="was removed while it was being filled"):
        versions.check_still(client, version)
    del server.indexes[version.index]
    with pytest.raises(IndexMissing):
        versions.check_still(client, version)


def test_a_declared_column_keeps_its_type(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    version = make(client, options=IndexOptions(fields={"year": "number"}))
    before = list(server.log)
    assert declare(client, version, {"year": "number"}) is version
    assert server.log == before
    with pytest.raises(InvalidOption, match=r"metadata\.year is a number in index pics, not a keyword"):
        declare(client, version, {"year": "keyword"})


@pytest.mark.parametrize(
    "alias", ["", "Pics", "a b", "a*", "_all", "-a", "+a", "..", "a,b", "a/b", "a#", "a:b", "a\n", "x" * 300]
)
def test_names_that_no_index_may_have(client: opensearchpy.OpenSearch, alias: str) -> None:
    with pytest.raises(InvalidOption, match="cannot name an index") as caught:
        versions.find(client, alias)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("alias", ["pics", "pics-2", "größe", "a.b_c"])
def test_names_that_an_index_may_have(alias: str) -> None:
    assert check_alias(alias) == alias


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"engine": "nmslib"}, "engine 'nmslib' is not known; choose one of lucene, faiss"),
        ({"m": 1}, "m 1 cannot be used"),
        ({"ef_construction": 9999}, "ef_construction 9999 cannot be used"),
        ({"analyzer": "a b"}, "analyzer 'a b' is no name"),
        ({"fields": {"a": "text"}}, "field type 'text' of 'a' is not known"),
        ({"fields": {"a.b": "date", "a_b": "date"}}, "columns 'a.b' and 'a_b' would be one field"),
    ],
)
def test_options_that_no_index_may_have(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        IndexOptions(**given)


def test_field_names() -> None:
    assert [field_name(column) for column in ("set", " a.b ", ".", "", "gro\u0308ße")] == [
        "set",
        "a_b",
        "_",
        "_",
        "größe",
    ]


@pytest.mark.parametrize(
    ("engine", "compression", "mode"),
    [
        ("lucene", "1x", None),
        ("lucene", "4x", None),
        ("faiss", "2x", None),
        ("faiss", "8x", "on_disk"),
        ("faiss", "32x", "on_disk"),
    ],
)
def test_vectors_of_a_few_bits_are_scored_again_by_the_whole_ones(
    engine: Any, compression: str, mode: str | None
) -> None:
    vector = IndexOptions(engine=engine, compression=compression).body(4, {})["mappings"]["properties"]["image_vector"]
    assert vector == {
        "type": "knn_vector",
        "dimension": 4,
        "compression_level": compression,
        "method": {
            "name": "hnsw",
            "engine": engine,
            "space_type": "innerproduct",
            "parameters": {"m": 16, "ef_construction": 128},
        },
        **({"mode": mode} if mode else {}),
    }
