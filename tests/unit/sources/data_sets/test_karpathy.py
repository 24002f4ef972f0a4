from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import MalformedSource, Record, SourceNotFound, read_records, read_source


def write(path: Path, *images: Any, dataset: str = "rsicd") -> Path:
    path.write_text(json.dumps({"images": images, "dataset": dataset}), "utf-8")
    return path


def entry(name: str, *captions: str, **more: Any) -> dict[str, Any]:
    sentences = [{"raw": caption, "tokens": caption.lower().split(), "imgid": 0} for caption in captions]
    return {"filename": name, "imgid": 0, "sentences": sentences, **more}


def test_every_caption_of_a_picture_and_its_split(tmp_path: Path) -> None:
    source = write(
        tmp_path / "dataset_rsicd.json",
        entry("airport_1.jpg", "Many planes are parked.", " A runway .", "Many planes are parked.", split="train"),
        entry("bridge_2.jpg", split="test"),
    )
    assert list(read_records(source)) == [
        Record(None, tmp_path / "airport_1.jpg", ("Many planes are parked.", "A runway ."), None, {"split": "train"}),
        Record(None, tmp_path / "bridge_2.jpg", (), None, {"split": "test"}),
    ]
    assert list(read_source(source, layout="json")) == list(read_records(source))


@pytest.mark.parametrize("folder", ["", "images", "imgs", "RSICD_images"])
def test_pictures_are_found_where_the_archives_put_them(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "a.jpg").write_bytes(b"")
    source = write(tmp_path / "dataset.json", entry("a.jpg", "one"), entry("b.jpg", "two"))
    assert [record.image for record in read_records(source)] == [
        tmp_path / folder / name for name in ("a.jpg", "b.jpg")
    ]


def test_a_part_of_coco_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "images" / "val2014").mkdir(parents=True)
    (tmp_path / "images" / "val2014" / "a.jpg").write_bytes(b"")
    source = write(tmp_path / "dataset_coco.json", entry("a.jpg", "one", filepath="val2014"), dataset="coco")
    assert [record.image for record in read_records(source)] == [tmp_path / "images" / "val2014" / "a.jpg"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not one JSON value"),
        ('{"image": "a.jpg"}\n{"image": "b.jpg"}', "is not one JSON value.*--layout jsonl"),
        ("[1]", "as RSICD and UCM have it"),
        ('{"images": {}}', "as RSICD and UCM have it"),
        ('{"images": [{"file": "a.jpg"}]}', r"images\[0\]: expected an object with a text"),
        ('{"images": [{"filename": "a.jpg", "sentences": "words"}]}', r"images\[0\]: .sentences. must be a list"),
        ('{"images": [{"filename": "a.jpg", "sentences": [{"raw": 1}]}]}', r"images\[0\]: each of its"),
    ],
)
def test_what_is_not_laid_out_so_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "data.json").write_text(text, "utf-8")
    with pytest.raises(MalformedSource, match=message) as raised:
        list(read_records(tmp_path / "data.json"))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="is not there"):
        read_source(tmp_path / "dataset.json")
