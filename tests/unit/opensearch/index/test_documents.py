from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.opensearch.index.documents import (
    Item,
    image_path,
    image_uri,
    index_action,
    item,
    malformed,
    timestamp,
    update_action,
)
from clipseek.opensearch.index.mapping import FieldType
from clipseek.opensearch.ingest.files import Unreadable, read_file, size_of
from clipseek.sources import Record, TarMember, tar_picture
from hypothesis import given
from hypothesis import strategies as st

HASH = "c0ffee" + "0" * 58


def some(**more: Any) -> Item:
    return item(Record(None, Path("/p/a.png"), **more), HASH, {})


def test_the_id_is_the_manifests_or_the_pictures_hash() -> None:
    assert item(Record("7", Path("/a.png")), HASH, {}).id == "7"
    assert some().id == HASH
    assert len(item(Record("é" * 256, Path("/a.png")), HASH, {}).id) == 256
    with pytest.raises(ValueError, match="its id has 514 bytes; OpenSearch takes 512"):
        item(Record("é" * 257, Path("/a.png")), HASH, {})


def test_a_document() -> None:
    record = Record("7", Path("/p/a b.png"), ("one", "two"), "g", {"set": "icons", "a.b": 1, "none": float("inf")})
    document = item(record, HASH, {}).document(np.zeros(2, np.float32), 640, 480, "2026-01-02T03:04:05Z")
    vector = document.pop("image_vector")
    assert vector.dtype == np.float32
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
    assert item(record, HASH, {}).document(vector, 1, 1, "", b"\xff\x00")["look"] == "/wA="
    bare = some().document(vector, 1, 1, "")
    assert "caption" not in bare
    assert "metadata" not in bare


def test_declared_columns_are_typed_and_what_is_not_is_kept_and_counted() -> None:
    fields: dict[str, FieldType] = {"year": "number", "taken": "date", "set": "keyword", "group": "keyword"}
    good = item(
        Record(None, Path("/a"), (), "g1", {"year": "1999", "taken": "2001-02-03", "set": True, "more": "7"}),
        HASH,
        fields,
    )
    assert good.metadata == {"year": 1999, "taken": "2001-02-03", "set": "true", "more": "7", "group": "g1"}
    assert malformed(good, fields) == []
    bad = item(Record(None, Path("/a"), (), None, {"year": "old", "taken": "once"}), HASH, fields)
    assert bad.metadata == {"year": "old", "taken": "once"}
    assert malformed(bad, fields) == ["year", "taken"]
    lists = item(Record(None, Path("/a"), (), None, {"year": ("1", "2.5"), "taken": ("x",)}), HASH, fields)
    assert lists.metadata == {"year": [1, 2.5], "taken": ["x"]}
    assert malformed(lists, fields) == ["taken"]


@pytest.mark.parametrize(
    "text",
    ["2001", "2001-02", "2001-02-03", "2001-02-03T04:05:06Z", "2001-02-03T04:05:06.789+02:00", "1700000000000", "20"],
)
def test_dates_that_the_server_takes(text: str) -> None:
    assert malformed(some(metadata={"d": text}), {"d": "date"}) == []


@pytest.mark.parametrize("text", ["x", "2001-13", "2001-02-31", "03.02.2001", "2001-02-03 04:05", ""])
def test_dates_that_it_does_not(text: str) -> None:
    assert malformed(replace(some(), metadata={"d": text}), {"d": "date"}) == ["d"]


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


@pytest.mark.parametrize("name", ["a.png", "a b%20c#?.png", "größe 名前.png", "tab\tline\n.png"])
def test_a_uri_leads_back_to_the_file(name: str) -> None:
    uri = image_uri(Path("/p") / name)
    assert uri.isascii()
    assert image_path(uri) == Path("/p") / name


def test_a_file_name_that_is_no_unicode_has_a_uri() -> None:
    path = Path(os.fsdecode(b"/p/caf\xe9.png"))
    assert image_uri(path) == "file:///p/caf%E9.png"
    assert image_path(image_uri(path)) == path
    assert image_path("https://host/a.png") is None


def test_relative_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert image_uri(Path("x/../a.png")) == (tmp_path / "a.png").as_uri()


def test_bulk_lines() -> None:
    one = some(captions=('line\n"quoted" \ud800',))
    head, body = index_action("i", one, one.document(np.array([0.1, -0.5], np.float32), 1, 2, "t")).splitlines()
    assert json.loads(head) == {"index": {"_index": "i", "_id": HASH}}
    assert json.loads(body)["image_vector"] == [0.1, -0.5]
    assert json.loads(body)["caption"] == 'line\n"quoted" ?'
    head, body = update_action("i", one, {"caption": None}, "t").splitlines()
    assert json.loads(head) == {"update": {"_index": "i", "_id": HASH}}
    assert json.loads(body) == {"doc": {"caption": None, "ingested_at": "t"}}


def test_small_things() -> None:

    assert len(timestamp()) == len("2026-01-02T03:04:05Z")
    assert some(metadata={"big": 2**64}).metadata == {"big": str(2**64)}


def test_a_picture_inside_an_archive_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "a&b.tar").write_bytes(b"0123picture9")
    inside = tar_picture(tmp_path / "a&b.tar", "folder/käse #1.jpg", 4, 7)
    uri = image_uri(inside)
    assert uri.isascii()
    found = image_path(uri)
    assert isinstance(found, TarMember)
    assert (found, found.archive) == (inside, tmp_path / "a&b.tar")
    assert found.read_bytes() == read_file(found, 7) == b"picture"
    with pytest.raises(Unreadable, match="too large"):
        read_file(found, 6)
    assert size_of(found) == 7
