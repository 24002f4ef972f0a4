"""What is fetched of each query, against an index in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clipseek.relevance.clause_scores import caption_clause_name, fetch_scores
from clipseek.relevance.fusion_grid import DEPTHS, RRF, WORDINGS, grid
from clipseek.relevance.labelled_queries import LabelledQuery

from .fake_index import VERSION, Encoder, FakeIndex, unit

IN_LISTS = replace(RRF, fusion=replace(RRF.fusion, complete=False))
QUERIES = [LabelledQuery(f"d{i}", f"word{i} common", f"g{i}", {f"d{i}": 1}, excluded=("d9",)) for i in range(3)]


@pytest.fixture
def index() -> Any:
    captions = {f"d{i}": f"word{i} common" for i in range(10)}
    return FakeIndex(captions, {name: unit(i) for i, name in enumerate(captions)})


def test_names_of_clauses_differ() -> None:
    assert len({caption_clause_name(wording) for wording in WORDINGS}) == len(WORDINGS)


def test_each_query_is_fetched_once_for_every_setting(index: Any) -> None:
    events: list[tuple[int, int]] = []
    vectors = Encoder().encode_texts([query.words for query in QUERIES])
    fetched = list(fetch_scores(index, VERSION, QUERIES, vectors, grid(), lambda *event: events.append(event)))
    assert events == [(1, 3), (2, 3), (3, 3)]
    assert [scores.right for scores in fetched] == [{"d0"}, {"d1"}, {"d2"}]
    for query, vector, found in zip(QUERIES, vectors, fetched, strict=True):
        assert found.scores.keys() == {*map(caption_clause_name, WORDINGS), "vector"}
        assert next(iter(found.scores["caption"])) == query.name
        assert found.scores["caption"].keys() == {f"d{i}" for i in range(9)}  # but the excluded one
        assert list(found.scores["caption, all of the words"]) == [query.name]
        wanted = {name: pytest.approx(1 + float(own @ vector)) for name, own in index.vectors.items() if name != "d9"}
        assert found.scores["vector"] == wanted
        # Every clause's own score of each candidate of any; captions without all of the words have none for "all".
        assert found.every["vector"] == wanted
        assert found.every["caption"] == found.scores["caption"]
        assert list(found.every["caption, all of the words"]) == [query.name]
    assert [body["size"] for body in index.bodies[: len(WORDINGS) + 1]] == [max(DEPTHS)] * (len(WORDINGS) + 1)


def test_what_another_clause_brought_is_scored_by_every_clause() -> None:
    captions = {f"d{i}": "common" for i in range(250)}
    index: Any = FakeIndex(captions, {name: unit(i) for i, name in enumerate(captions)})
    (found,) = fetch_scores(index, VERSION, QUERIES[:1], Encoder().encode_texts(["x"]), [RRF])
    brought = found.scores["caption"].keys() | found.scores["vector"].keys()
    assert len(found.scores["caption"]) == len(found.scores["vector"]) == 200 < len(brought)
    assert found.every["caption"] == dict.fromkeys(brought, 1.0)
    assert found.every["vector"].keys() == brought
    assert found.scores["vector"].items() <= found.every["vector"].items()


def test_only_what_the_settings_need_is_fetched(index: Any) -> None:
    settings = [replace(RRF, fusion=replace(RRF.fusion, ef_search=wide)) for wide in (None, 400)]
    (found,) = fetch_scores(index, VERSION, QUERIES[:1], Encoder().encode_texts(["x"]), settings)
    assert found.scores.keys() == {"caption", "vector", "vector, ef_search 400"}
    assert found.every.keys() == {"caption", "vector"}
    index.bodies.clear()
    (found,) = fetch_scores(index, VERSION, QUERIES[:1], Encoder().encode_texts(["x"]), [IN_LISTS])
    assert found.every == {}
    assert len(index.bodies) == 2
