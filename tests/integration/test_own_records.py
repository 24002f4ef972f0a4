"""The indexes of clipseek's own records on a real server: made by their mappings, or refused, and emptied of what is old."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import opensearchpy
import pytest
from clipseek.opensearch.errors import IndexUnusable
from clipseek.opensearch.index.inventory import list_indexes
from clipseek.opensearch.index.own_records import (
    FEEDBACK,
    INGESTS,
    SEARCHES,
    RecordIndex,
    delete_older,
    open_records,
)
from clipseek.opensearch.server.templates import fill

pytestmark = pytest.mark.integration

FILES: dict[RecordIndex, str] = {INGESTS: "ingests.json", SEARCHES: "searches.json", FEEDBACK: "feedback.json"}


@pytest.fixture
def name(client: opensearchpy.OpenSearch) -> Iterator[str]:
    made = f"test-records-{uuid.uuid4().hex[:8]}"
    yield made
    client.indices.delete(index=made, params={"ignore_unavailable": "true"})


@pytest.mark.parametrize("kind", FILES)
def test_each_is_made_with_its_mapping_and_found_again(
    client: opensearchpy.OpenSearch, name: str, kind: RecordIndex
) -> None:
    open_records(client, kind, name)
    open_records(client, kind, name)
    mappings = client.indices.get_mapping(index=name)[name]["mappings"]
    assert mappings["dynamic"] == "false"
    assert mappings["properties"] == fill(FILES[kind])["mappings"]["properties"]
    assert name not in {facts.index for facts in list_indexes(client)}


def test_a_field_of_a_later_release_is_added(client: opensearchpy.OpenSearch, name: str) -> None:
    body = fill("feedback.json")
    del body["mappings"]["properties"]["rank"]
    client.indices.create(index=name, body=body)
    open_records(client, FEEDBACK, name)
    assert "rank" in client.indices.get_mapping(index=name)[name]["mappings"]["properties"]


def test_another_programs_index_is_refused_and_left_as_it_is(client: opensearchpy.OpenSearch, name: str) -> None:
    client.index(index=name, body={"words": 1}, refresh=True)
    with pytest.raises(IndexUnusable, match="not made by clipseek"):
        open_records(client, SEARCHES, name)
    assert client.count(index=name)["count"] == 1
    assert "at" not in client.indices.get_mapping(index=name)[name]["mappings"]["properties"]


def test_only_what_is_older_goes(client: opensearchpy.OpenSearch, name: str) -> None:
    open_records(client, SEARCHES, name)
    now = datetime.now(timezone.utc)
    served, longer, gone = f"{name}-served", f"{name}-longer", f"{name}-gone"
    client.indices.put_alias(index=name, name=served)
    client.indices.put_alias(index=name, name=longer)
    for alias in (served, longer, gone):
        for days in (0, 6, 8, 400):
            at = (now - timedelta(days=days)).isoformat()
            client.index(index=name, body={"at": at, "index": alias, "words": f"{alias} {days}"})
    client.indices.refresh(index=name)
    assert delete_older(client, name, 7, [served]) == 4
    left = client.search(index=name)["hits"]["hits"]
    expected = [
        f"{gone} 0",
        f"{gone} 6",
        *(f"{longer} {days}" for days in (0, 400, 6, 8)),
        f"{served} 0",
        f"{served} 6",
    ]
    assert sorted(hit["_source"]["words"] for hit in left) == expected
    assert delete_older(client, name, 7, [served]) == 0


def test_a_missing_index_has_nothing_to_delete(client: opensearchpy.OpenSearch, name: str) -> None:
    assert delete_older(client, name, 7, ["pictures"]) == 0
