from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from clipseek.sources import CaptionsFrom, Record, Skipped, Source, SourceError, read_records, read_source
from clipseek.sources.embedded import stage
from clipseek.sources.embedded.file import read_file
from clipseek.sources.embedded.found import Embedded

from .files import described, exif, picture, xmp


def folder(home: Path) -> Path:
    """own: a sidecar and an own description; bare: a description; beside: an .xmp; none: nothing."""
    own = exif(
        t271="Canon",
        t272="Canon EOS 5D",
        own={0x9003: "2024:05:31 10:00:00"},
        gps={1: "N", 2: (52.5, 0.0, 0.0), 3: "E", 4: (13.4, 0.0, 0.0)},
    )
    picture(home / "own.jpg", xmp=xmp(described("in the file")), exif=own)
    (home / "own.txt").write_text("beside it")
    picture(home / "bare.jpg", xmp=xmp(described("a bare one")))
    picture(home / "beside.jpg", xmp=xmp(described("old words")))
    (home / "beside.xmp").write_bytes(xmp(described("a darkroom's words")))
    picture(home / "full.jpg")
    (home / "full.jpg.XMP").write_bytes(xmp(described("darktable's")))
    picture(home / "none.jpg")
    return home


def captions(source: Path, how: CaptionsFrom) -> dict[str, tuple[str, ...]]:
    return {record.image.stem: record.captions for record in read_records(source, captions=how)}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("auto", [("beside it",), ("a bare one",), ("a darkroom's words",), ("darktable's",)]),
        ("sidecar", [("beside it",), (), ("a darkroom's words",), ("darktable's",)]),
        ("embedded", [("in the file",), ("a bare one",), ("old words",), ()]),
        (
            "both",
            [("beside it", "in the file"), ("a bare one",), ("a darkroom's words", "old words"), ("darktable's",)],
        ),
        ("none", [(), (), (), ()]),
    ],
)
def test_where_captions_come_from(tmp_path: Path, how: CaptionsFrom, expected: list[tuple[str, ...]]) -> None:
    found = captions(folder(tmp_path), how)
    assert [found[name] for name in ("own", "bare", "beside", "full")] == expected
    assert found["none"] == ()
    assert not [entry for entry in read_source(tmp_path, captions=how) if isinstance(entry, Skipped)]


def test_another_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="choose one of auto"):
        list(read_source(folder(tmp_path), captions="words"))  # type: ignore[arg-type]


def test_fields_and_the_place_only_when_asked_for(tmp_path: Path) -> None:
    folder(tmp_path)
    own = next(record for record in read_records(tmp_path, own_fields=True) if record.image.stem == "own")
    assert own.metadata == {"taken": "2024-05-31T10:00:00", "camera": "Canon EOS 5D"}
    own = next(record for record in read_records(tmp_path, own_fields=True, place=True) if record.image.stem == "own")
    assert own.metadata["place"] == "52.500000,13.400000"
    own = next(record for record in read_records(tmp_path) if record.image.stem == "own")
    assert own.metadata == {}


def test_what_the_source_says_stays(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "a.jsonl").write_text(json.dumps({"image": "own.jpg", "caption": "a row's", "camera": "a phone"}))
    (record,) = read_records(tmp_path / "a.jsonl", own_fields=True)
    assert (record.captions, record.metadata["camera"]) == (("a row's",), "a phone")


def test_a_sidecar_keeps_the_picture_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path)
    opened: list[str] = []

    def noted(path: Path, dicom: tuple[str, ...]) -> tuple[Embedded, list[str]]:
        opened.append(path.stem)
        return read_file(path)

    monkeypatch.setattr(stage, "read_file", noted)
    list(read_records(tmp_path))
    assert opened == ["bare", "none"]
    opened.clear()
    Source(tmp_path).count()
    assert not opened


def test_a_broken_packet_is_named_and_the_picture_kept(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", xmp=b"<x:xmpmeta")
    record, skipped = read_source(tmp_path)
    assert isinstance(record, Record)
    assert isinstance(skipped, Skipped)
    assert (skipped.kind, "no XML" in skipped.reason) == ("unreadable metadata", True)


def takeout(description: str = "", **more: object) -> str:
    return json.dumps({"title": "x", "description": description, "photoTakenTime": {"timestamp": "1717149600"}, **more})


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-me.json"),
        ("IMG_1(1).jpg", "IMG_1.jpg(1).json"),
        ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
        (
            "a_name_that_is_much_too_long_for_the_export_of_photos.jpg",
            "a_name_that_is_much_too_long_for_the_export_of.json",
        ),
    ],
)
def test_a_photo_export(tmp_path: Path, image: str, name: str) -> None:
    picture(tmp_path / image)
    (tmp_path / name).write_text(
        takeout("a day at sea", geoData={"latitude": 52.5, "longitude": 13.4}, people=[{"name": "Ann"}])
    )
    (record,) = read_source(tmp_path, own_fields=True)
    assert isinstance(record, Record)
    assert record.captions == ("a day at sea",)
    assert record.metadata == {"taken": "2024-05-31T10:00:00Z"}


def test_a_json_of_another_kind_keeps_to_its_own_name(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "a-edited.jpg")
    (tmp_path / "a.jpg.json").write_text('{"caption": "a boat"}')
    found = {record.image.name: record.captions for record in read_records(tmp_path)}
    assert found == {"a.jpg": ("a boat",), "a-edited.jpg": ()}


def test_a_plain_jpeg_costs_little(tmp_path: Path) -> None:
    """A look at a picture without metadata takes a small part of what decoding a small one takes."""
    path = picture(tmp_path / "a.jpg")
    started = time.perf_counter()
    for _ in range(200):
        read_file(path)
    assert (time.perf_counter() - started) / 200 < 0.002
