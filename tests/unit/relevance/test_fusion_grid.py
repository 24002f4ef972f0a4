from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clipseek.relevance.fusion_grid import (
    DEPTHS,
    RRF,
    WORDINGS,
    caption_clause_name,
    fetch_scores,
    fusions,
    grid,
    supported_wordings,
)
from clipseek.relevance.labelled_queries import LabelledQuery

from .fake_index import VERSION, Encoder, FakeIndex, unit

QUERIES = [LabelledQuery(f"d{i}", f"word{i} common", f"g{i}", {f"d{i}": 1}, excluded=("d9",)) for i in range(3)]


@pytest.fixture
def index() -> Any:
    captions = {f"d{i}": f"word{i} common" for i in range(10)}
    return FakeIndex(captions, {name: unit(i) for i, name in enumerate(captions)})


def test_the_first_settings_are_the_usual_search() -> None:
    # The first of equal settings is chosen, and clipseek tune compares the fusions alone with all.
    assert grid()[: len(fusions())] == fusions()
    assert len(set(grid())) == len(fusions()) * len(DEPTHS) * len(WORDINGS)
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
    sizes = {body["size"] for body in index.bodies if "query" in body}
    assert sizes == {max(DEPTHS)}


def test_only_what_the_settings_need_is_fetched(index: Any) -> None:
    settings = [replace(RRF, fusion=replace(RRF.fusion, ef_search=wide)) for wide in (None, 400)]
    (found,) = fetch_scores(index, VERSION, QUERIES[:1], Encoder().encode_texts(["x"]), settings)
    assert found.scores.keys() == {"caption", "vector", "vector, ef_search 400"}


def test_words_as_they_are_written_need_a_field_of_their_own(index: Any) -> None:
    assert supported_wordings(index, VERSION) == WORDINGS
    index.caption_fields = {}
    assert supported_wordings(index, VERSION) == tuple(wording for wording in WORDINGS if not wording.exact)
