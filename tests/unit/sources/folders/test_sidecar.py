"""Captions beside the pictures, as cameras, phones, labelling tools and people name them."""

from __future__ import annotations

import io
import json
import tarfile
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from clipseek.sources import MalformedSource, Record, Skipped, read_records, read_source

#: Line ends of str.splitlines that end no line here.
NO_LINE_ENDS = "a\u2028b\vc\x85d\u2029e\ff\x1cg\x1dh\x1ei"


def captions(folder: Path) -> dict[str, tuple[str, ...]]:
    return {record.image.name: record.captions for record in read_records(folder)}


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1.JPG", "IMG_1.TXT"),
        ("IMG_2.Jpg", "IMG_2.txt"),
        ("IMG_3.png", "IMG_3.Txt"),
        ("IMG_4.PNG", "IMG_4.PNG.TXT"),
        ("IMG_5.jpg", "img_5.jpg.txt"),
        ("IMG_6.jpg", "IMG_6.JSON"),
        ("IMG_7.JPEG", "IMG_7.JPEG.Json"),
        ("IMG_8.TIFF", "IMG_8.Caption"),
        ("a.b.c.jpg", "a.b.c.txt"),
        ("größe.jpg", "GRÖSSE.txt".replace("SS", "ß")),
    ],
)
def test_a_sidecar_in_any_case_with_the_stem_or_the_whole_name(tmp_path: Path, picture: str, sidecar: str) -> None:
    (tmp_path / picture).touch()
    words = json.dumps({"caption": "a red car"}) if sidecar.lower().endswith("json") else "a red car"
    (tmp_path / sidecar).write_text(words, "utf-8")
    assert list(read_source(tmp_path)) == [Record(None, tmp_path / picture, ("a red car",))]


def test_of_two_pictures_in_other_letters_each_has_its_own(tmp_path: Path) -> None:
    for name in ("a.jpg", "A.jpg"):
        (tmp_path / name).touch()
        (tmp_path / f"{name[0]}.txt").write_text(f"of {name[0]}")
    assert captions(tmp_path) == {"A.jpg": ("of A",), "a.jpg": ("of a",)}


def test_all_sidecars_of_a_picture_count_and_one_serves_all_pictures_of_its_name(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).touch()
    (tmp_path / "a.txt").write_text("of both\n")
    (tmp_path / "a.jpg.txt").write_text("of the JPEG\nof both")
    (tmp_path / "a.jpg.json").write_text('{"id": "whole", "caption": "in JSON", "year": 1999}')
    (tmp_path / "a.json").write_text('{"id": "stem", "text": "in both", "year": 2000, "place": "Bonn"}')
    jpeg, png = read_source(tmp_path)
    assert jpeg == Record(
        "whole",
        tmp_path / "a.jpg",
        ("of the JPEG", "of both", "in JSON", "in both"),
        metadata={"year": 1999, "place": "Bonn"},
    )
    assert png == Record("stem", tmp_path / "a.png", ("of both", "in both"), metadata={"year": 2000, "place": "Bonn"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"caption": "x", "text": "y"}, ("x",)),
        ({"captions": ["x", "y"], "description": "z"}, ("x", "y")),
        ({"text": "x", "description": "y"}, ("x",)),
        ({"title": "IMG_1.jpg", "description": "x"}, ("x",)),  # as a photo export has it
        ({"caption": "", "text": "x"}, ("x",)),
        ({"description": ""}, ()),
        ({"caption": None}, ()),
    ],
)
def test_the_key_of_a_json_that_holds_the_caption(tmp_path: Path, content: object, said: tuple[str, ...]) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.json").write_text(json.dumps(content))
    (record,) = read_source(tmp_path)
    assert isinstance(record, Record)
    assert record.captions == said


def test_a_json_without_a_caption_is_named_and_the_picture_stays(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
        (tmp_path / f"{name}.json").write_text('{"shapes": [], "version": "5.0"}')
    (tmp_path / "b.txt").write_text("its caption")
    first, silent, second = read_source(tmp_path)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert isinstance(silent, Skipped)
    assert (silent.path.name, silent.kind) == ("a.jpg.json", "caption not understood")
    assert silent.reason == "none of its keys is caption, text or description; its keys are shapes, version"
    assert second.captions == ("its caption",)


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    lines = [f"{NO_LINE_ENDS} {number}" for number in range(5)]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.jpg").touch()
    (tmp_path / "folder" / "a.txt").write_bytes("\r\n".join(lines).encode())
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, content in (("a.jpg", b"picture"), ("a.txt", "\n".join(lines).encode())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    rows = [json.dumps({"image": "a.jpg", "caption": line}, ensure_ascii=False) for line in lines]
    (tmp_path / "a.jsonl").write_bytes("\n".join(rows).encode())
    (tmp_path / "a.tsv").write_bytes("\n".join(["image\tcaption", *(f"a.jpg\t{line}" for line in lines)]).encode())
    (tmp_path / "a.csv").write_bytes("\n".join(["image,caption", *(f"a.jpg,{line}" for line in lines)]).encode())
    for source in ("folder", "a.tar", "a.jsonl", "a.tsv", "a.csv"):
        (record,) = read_records(tmp_path / source)
        assert record.captions == tuple(lines), source


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.txt", "a.json"])
def test_encodings_that_say_what_they_are(tmp_path: Path, encoding: str, name: str) -> None:
    (tmp_path / "a.jpg").touch()
    text = "Grüße aus 東京"
    content = json.dumps({"caption": text}, ensure_ascii=False) if name.endswith("json") else text
    (tmp_path / name).write_bytes(content.encode(encoding))
    assert captions(tmp_path) == {"a.jpg": (text,)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Grüße".encode("cp1252"), "is not UTF-8"),
        ("red".encode("utf-16-le"), "holds zero bytes"),
        (b"\xff\xfer\x00e", "is not UTF-16, though it begins like it"),
        ("red".encode("utf-32"), "is UTF-32"),
    ],
)
def test_other_encodings_are_named_and_not_guessed(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.txt").write_bytes(content)
    (entry,) = read_source(tmp_path)
    assert isinstance(entry, Skipped)
    assert entry.kind == "unreadable caption"
    assert said in entry.reason
    with pytest.raises(MalformedSource, match=said):
        captions(tmp_path)


def test_captions_without_a_picture_are_named_with_their_number(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.txt").write_text("one\n\ntwo\n")
    (tmp_path / "c.jpg.json").write_text("{}")
    entries = [entry for entry in read_source(tmp_path) if isinstance(entry, Skipped)]
    assert [(entry.path.name, entry.kind, entry.reason) for entry in entries] == [
        ("b.txt", "caption without a picture", "no picture of this name beside it; its 2 lines are no caption"),
        ("c.jpg.json", "caption without a picture", "no picture of this name beside it"),
    ]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_that_is_composed_and_one_that_is_not_are_the_same(
    tmp_path: Path, forms: tuple[Literal["NFC", "NFD"], Literal["NFC", "NFD"]]
) -> None:
    picture, text = (unicodedata.normalize(form, "größe") for form in forms)
    (tmp_path / f"{picture}.JPG").touch()
    (tmp_path / f"{text}.txt").write_text("of the picture")
    (record,) = read_records(tmp_path)
    assert record.captions == ("of the picture",)


@pytest.mark.parametrize("nothing", ["NaN", "null", '""', "[]"])
def test_a_key_without_a_caption_leaves_it_to_the_next(tmp_path: Path, nothing: str) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.json").write_text(f'{{"caption": {nothing}, "text": "of the picture"}}')
    (record,) = read_records(tmp_path)
    assert record.captions == ("of the picture",)
