from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.index.columns import DeclaredColumns
from clipseek.opensearch.index.documents import Item, index_action, item, timestamp, update_action
from clipseek.sources import Record
from hypothesis import given
from hypothesis import strategies as st

HASH = "c0ffee" + "0" * 58


def some(**more: Any) -> Item:
    return item(Record(None, Path("/p/a.png"), **more), HASH, DeclaredColumns())


def test_the_id_is_the_manifests_or_the_pictures_hash() -> None:
    assert item(Record("7", Path("/a.png")), HASH, DeclaredColumns()).id == "7"
    assert some().id == HASH
    assert len(item(Record("é" * 256, Path("/a.png")), HASH, DeclaredColumns()).id) == 256
    with pytest.raises(ValueError, match="its id has 514 bytes; OpenSearch takes 512"):
        item(Record("é" * 257, Path("/a.png")), HASH, DeclaredColumns())


def test_a_document() -> None:
    record = Record("7", Path("/p/a b.png"), ("one", "two"), "g", {"set": "icons", "a.b": 1, "none": float("inf")})
    document = item(record, HASH, DeclaredColumns()).document(np.zeros(2, np.float32), 640, 480, "2026-01-02T03:04:05Z")
    vector = document.pop("image_vector")
    assert vector.dtype == np.float32
    assert [entry[0] for entry in document.pop("source_entries")] == ["k"]
    assert document.pop("source_names") == []
    assert document == {
        "image_id": "7",
        "image_uri": "file:///p/a%20b.png",
        "content_hash": HASH,
        "caption": "one\ntwo",
        "metadata": {"set": "icons", "a_b": 1, "none": "inf"},
        "width": 640,
        "height": 480,
        "ingested_at": "2026-01-02T03:04:05Z",
    }
    assert item(record, HASH, DeclaredColumns()).document(vector, 1, 1, "", b"\xff\x00")["look"] == "/wA="
    bare = some().document(vector, 1, 1, "")
    assert "caption" not in bare
    assert "metadata" not in bare


def test_an_unchanged_document() -> None:
    there = some(captions=("x",), metadata={"a": "1", "n": 2.0})
    known = {
        "content_hash": HASH,
        "image_uri": there.image_uri,
        "caption": "x",
        "metadata": {"a": "1", "n": 2, "gone": None},
    }
    assert there.difference(known) == {}
    assert some().difference({"content_hash": HASH, "image_uri": some().image_uri, "caption": None}) == {}


def test_what_changed_and_what_is_gone() -> None:
    known = {"image_uri": "file:///old", "caption": "old", "metadata": {"a": 1, "b": 2, "c": 3}}
    assert some(metadata={"a": 1, "b": 5}).difference(known) == {
        "image_uri": "file:///p/a.png",
        "caption": None,
        "metadata": {"b": 5, "c": None},
    }


@given(
    st.dictionaries(st.sampled_from("abcd"), st.one_of(st.integers(-9, 9), st.text(max_size=3), st.booleans())),
    st.dictionaries(st.sampled_from("abcd"), st.one_of(st.integers(-9, 9), st.text(max_size=3), st.booleans())),
    st.text(max_size=3),
    st.text(max_size=3),
)
def test_an_update_brings_any_document_to_what_the_source_says(
    old: dict[str, Any], new: dict[str, Any], before: str, after: str
) -> None:
    """The server's partial update, done here: objects are merged, null stays. Then nothing is left to change."""
    was, now = some(metadata=old, captions=(before,)), some(metadata=new, captions=(after,))
    known: dict[str, Any] = {"image_uri": was.image_uri, "caption": was.caption, "metadata": dict(was.metadata)}
    for name, value in now.difference(known).items():
        known[name] = {**known[name], **value} if name == "metadata" else value
    assert now.difference(json.loads(json.dumps(known))) == {}


def test_bulk_lines() -> None:
    one = some(captions=('line\n"quoted" \ud800',))
    head, body = index_action("i", HASH, one.document(np.array([0.1, -0.5], np.float32), 1, 2, "t")).splitlines()
    assert json.loads(head) == {"index": {"_index": "i", "_id": HASH}}
    assert json.loads(body)["image_vector"] == [0.1, -0.5]
    assert json.loads(body)["caption"] == 'line\n"quoted" ?'
    head, body = update_action("i", HASH, {"caption": None}, "t").splitlines()
    assert json.loads(head) == {"update": {"_index": "i", "_id": HASH}}
    assert json.loads(body) == {"doc": {"caption": None, "ingested_at": "t"}}


def test_small_things() -> None:
    assert len(timestamp()) == len("2026-01-02T03:04:05Z")
    assert some(metadata={"big": 2**64}).metadata == {"big": str(2**64)}
