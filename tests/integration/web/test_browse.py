"""A query with nothing to search for: the pictures of the index, whole, in order, filtered and counted."""

from __future__ import annotations

from typing import Any

import httpx
import opensearchpy
import pytest
from clipseek.opensearch import Page, Searcher
from clipseek.opensearch.errors import InvalidOption

from tests.integration.test_search import filled

pytestmark = pytest.mark.integration


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [hit["id"] for hit in answer.json()["hits"]]


@pytest.mark.parametrize("order", [None, "weight:desc", "image_id"])
def test_pages_together_are_the_index(web: httpx.Client, order: str | None) -> None:
    pages = [ids(web.post("search", json={"start": start, "size": 200, "sort": order})) for start in (0, 200, 400, 600)]
    every = [name for page in pages for name in page]
    assert sorted(every) == sorted(f"d{number}" for number in range(700))
    if order == "weight:desc":
        assert every == [f"d{number}" for number in reversed(range(700))]


def test_newest_first(web: httpx.Client, client: opensearchpy.OpenSearch, searcher: Searcher) -> None:
    index = web.post("search", json={"size": 1}).json()["index"]
    client.update(index=index, id="d333", body={"doc": {"ingested_at": "2030-01-01"}}, params={"refresh": "true"})
    assert ids(web.post("search", json={"size": 2}))[0] == "d333"


def test_filters_facets_and_counts(web: httpx.Client) -> None:
    body: dict[str, Any] = web.post(
        "search", json={"filters": ["colour=red", "weight<50"], "facets": ["colour"], "size": 3}
    ).json()
    assert (body["kind"], body["documents"], body["matched"], body["reachable"]) == ("browse", 700, 34, 34)
    assert body["facets"] == {"colour": [{"value": "red", "count": 34}]}
    assert [(hit["rank"], hit["score"], hit["shares"]) for hit in body["hits"]] == [(n, None, {}) for n in (1, 2, 3)]
    assert "image_vector" not in str(body)


@pytest.mark.parametrize("group", ["duplicates", "near"])
def test_groups(web: httpx.Client, client: opensearchpy.OpenSearch, group: str) -> None:
    index = web.post("search", json={"size": 1}).json()["index"]
    first = {"content_hash": "f" * 64, "ingested_at": "2031-01-01"}
    for name in ("d10", "d11", "d12"):
        client.update(index=index, id=name, body={"doc": first}, params={"refresh": "true"})
    assert ids(web.post("search", json={"size": 3})) == ["d10", "d11", "d12"]
    shown = ids(web.post("search", json={"size": 30, "group": group}))
    assert (shown[0], "d11" in shown, "d12" in shown) == ("d10", False, False)
    assert shown[5:10] == ids(web.post("search", json={"start": 5, "size": 5, "group": group}))


def test_what_cannot_be_browsed_is_refused(searcher: Searcher) -> None:
    with pytest.raises(InvalidOption, match="field 'nothing' is not indexed"):
        searcher.browse(page=Page(facets=("nothing",)))
    with pytest.raises(InvalidOption, match="is not understood"):
        searcher.browse(filters=("nothing",))
    assert searcher.look_up([]) == []
    assert [hit.id for hit in searcher.look_up(["d2", "no", "d1"])] == ["d2", "d1"]


def test_of_several_shards(client: opensearchpy.OpenSearch) -> None:
    made = filled(client, 120, 3)
    try:
        searcher = Searcher(client, made)
        pages = [searcher.browse(Page(50, start, sort="weight")).hits for start in (0, 50, 100)]
        assert [hit.id for page in pages for hit in page] == [f"d{number}" for number in range(120)]
        assert [hit.id for hit in searcher.look_up([f"d{number}" for number in range(119, -1, -1)])] == [
            f"d{number}" for number in range(119, -1, -1)
        ]
    finally:
        client.indices.delete(index=made.index)
