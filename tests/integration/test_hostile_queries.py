"""5,000 hostile or malformed searches of a real server: each is answered or refused in one line, none reaches another index, and
none changes anything.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline, list_pipelines, put_pipeline
from clipseek.opensearch.query.fusion import pipeline
from clipseek.opensearch.query.query import QueryPicture
from clipseek.opensearch.query.vectors import read_weight
from clipseek.opensearch.search.searcher import Searcher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.test_search import ENCODER, filled, picture
from tests.plans import values
from tests.sizes import sized

pytestmark = pytest.mark.integration
SEARCHES, DOCUMENTS = sized(1_500, 20_000), 60

# What would mean something to a server, a shell, a query language or an index's name, were it not only a value.
HOSTILE = [
    "*", "_all", "a*,-b", "../other", "other/_search", "_none", "_source", "_id", "_score", "_doc", "image_vector", "metadata",
    '{"match_all":{}}', '"}},"query":{"match_all":{}}', "caption:red OR *:*", "(red", "red~", "red^99", "/.*/", "+red -blue",
    "[1 TO *]", "now-1d", "2024-13-45", "1e999", "NaN", "-0", "9" * 400, "\0", "\ud800", "\u202e", "\ue000red\ue001", "a" * 5_000,
    "red, blue", ",", "a" + ",b" * 300, "@", "d1@", "d1@nan", "d1@-1", "d1@1e9", "@2", "red@2@1", " ", "\r\nHost: x", "%2e%2e%2f",
    "${jndi:ldap://x}", "<script>", "é" * 300, "日本語" * 400,
]  # fmt: skip
WORD = st.one_of(
    st.sampled_from(HOSTILE), st.sampled_from(["red", "green boat", "d1", "d20", "by the sea"]), st.text(max_size=30)
)
FIELD = st.one_of(
    st.sampled_from(
        ["colour", "weight", "day", "free", "metadata.colour", "width", "image_id", "ingested_at", "caption"]
    ),
    WORD,
)
VALUE = st.one_of(WORD, st.sampled_from(["red", "10", "10,20", "2024-01-03", "2024", "1.5", "d1,d2"]))
FILTER = st.one_of(
    WORD, st.builds("{}{}{}".format, FIELD, st.sampled_from(["=", "!=", ">=", "<=", ">", "<", "==", "~"]), VALUE)
)
SORT = st.builds("{}{}".format, FIELD, st.sampled_from(["", ":asc", ":desc", ":up", ":"]))
PART = st.builds("{}{}".format, WORD, st.sampled_from(["", "@2", "@0.5", "@0", "@-1", "@inf"]))
SHARE = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0, -0.1, 1.1, float("nan"), float("inf")]))
PICTURE = st.sampled_from([picture("red"), picture("blue"), b"", b"GIF89a", b"\xff\xd8\xff\xe0 no picture"])


def few(of: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=most).map(tuple)


ASKED = st.fixed_dictionaries(
    {"text": st.one_of(WORD, st.just("red boat"))},
    optional={
        "kind": st.sampled_from(["caption", "vector", "hybrid", "all"]),
        "filters": few(FILTER, 3),
        "any_filters": few(FILTER, 3),
        "time_zone": st.one_of(WORD, st.sampled_from(["Europe/Berlin", "+05:30"])),
        "facets": few(FIELD),
        "sort": SORT,
        "texts": few(PART, 3),
        "like": few(PART),
        "unlike": few(PART),
        "unwanted": few(WORD),
        "pictures": few(st.builds(QueryPicture, PICTURE, SHARE)),
        "split": st.booleans(),
        "weight": SHARE,
        "text_weight": SHARE,
        "not_weight": SHARE,
        "min_cosine": SHARE,
        "technique": st.sampled_from(["min_max", "l2", "rrf", "z_score", "sum"]),
        "mean": st.sampled_from(["arithmetic", "geometric", "harmonic", "mean"]),
        "match": st.sampled_from(["any", "most", "all", "phrase", "none"]),
        "exact": st.booleans(),
        "pipeline": st.one_of(WORD, st.just("test-hostile")),
        "start": st.one_of(st.integers(-2, 300), st.integers(9_000, 11_000)),
        "size": st.one_of(st.integers(-1, 60), st.integers(900, 1_100)),
        "depth": st.one_of(st.integers(-1, 300), st.integers(9_900, 10_100)),
        "ef_search": st.one_of(st.integers(-1, 500), st.integers(9_900, 10_100)),
        "group_duplicates": st.booleans(),
        "group_near": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def version(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, DOCUMENTS, 1)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture(scope="module")
def other(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    """Of the same model, with what is searched for, so that a search that reaches it finds something."""
    alias = f"other-{uuid.uuid4().hex[:8]}"
    made = versions.create(client, alias, fingerprint=ENCODER.fingerprint, dimension=ENCODER.dimension)
    document = {"image_id": "foreign", "caption": "a red boat", "image_vector": [1.0, 0.0, 0.0, 0.0]}
    client.index(index=made.index, id="foreign", body=document, params={"refresh": "true"})
    yield made
    client.indices.delete(index=made.index)


def state(client: opensearchpy.OpenSearch, *indexes: str) -> dict[str, Any]:
    """Everything that a search could change."""
    found: dict[str, Any] = {"pipelines": list_pipelines(client), "settings": client.cluster.get_settings()}
    found["indexes"] = sorted(row["index"] for row in client.cat.indices(format="json"))
    for index in indexes:
        stats = client.indices.stats(index=index, metric="docs,indexing")["indices"][index]["primaries"]
        rows = client.search(index=index, body={"size": 1000, "seq_no_primary_term": True, "sort": ["image_id"]})
        found[index] = (
            client.indices.get(index=index)[index],
            stats["docs"]["count"],
            {name: stats["indexing"][name] for name in ("index_total", "delete_total", "noop_update_total")},
            [(row["_id"], row["_seq_no"], row["_source"]) for row in rows["hits"]["hits"]],
        )
    return found


def searches_of(client: opensearchpy.OpenSearch, index: str) -> int:
    """How many queries the server itself counts."""
    return int(client.indices.stats(index=index, metric="search")["indices"][index]["total"]["search"]["query_total"])


def test_each_is_answered_or_refused_in_one_line(
    client: opensearchpy.OpenSearch, version: Version, other: Version
) -> None:
    put_pipeline(client, "test-hostile", pipeline("l2", (0.3, 0.7)))
    searcher = Searcher(client, version, ENCODER)
    before, reached = state(client, version.index, other.index), searches_of(client, other.index)
    outcomes: Counter[str] = Counter()

    @settings(max_examples=SEARCHES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(ASKED)
    def search(asked: dict[str, Any]) -> None:
        try:
            for name in ("texts", "like", "unlike"):
                if name in asked:
                    asked[name] = tuple(map(read_weight, asked[name]))
            answer = searcher.search(*values(**asked))
        except InvalidOption as problem:  # no other: the server itself refuses nothing
            outcomes["refused"] += 1
            line = str(problem)
            assert line.isprintable() or "\n" not in line, line
            assert 10 < len(line) < 700
            return
        outcomes["answered"] += 1
        outcomes["with hits"] += bool(answer.hits)
        assert answer.index == version.index
        assert answer.documents == DOCUMENTS
        assert len(answer.hits) <= answer.page.size
        assert all(hit.id.removeprefix("d").isdigit() for hit in answer.hits)

    try:
        search()
    finally:
        met = searches_of(client, other.index)
        after = state(client, version.index, other.index)
        delete_pipeline(client, "test-hostile")
    assert outcomes["refused"] + outcomes["answered"] >= SEARCHES
    assert min(outcomes["refused"], outcomes["with hits"]) >= SEARCHES / 20, outcomes
    assert met == reached
    assert after == before
