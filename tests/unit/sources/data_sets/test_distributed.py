"""Data sets as they are distributed, recognised without options; of a folder, and of its captions file alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import (
    MalformedSource,
    Record,
    Skipped,
    Source,
    SourceError,
    SourceNotFound,
    Splits,
    read_records,
    read_source,
)
from clipseek.sources.data_sets import coco as coco_reader

ROWS = {"1.jpg": ["a red car", "a car, red"], "2.jpg": ["a boat"], "3.jpg": ["a tree"]}


def pictures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ROWS:
        (folder / name).touch()


def found(source: Path, **options: str) -> tuple[dict[str, list[str]], list[str]]:
    """Captions by the picture's path below the source, and the kinds of what is skipped."""
    entries = list(read_source(source, **options))  # type: ignore[arg-type]
    home = source if source.is_dir() else source.parent
    records = [entry for entry in entries if isinstance(entry, Record)]
    captions = {record.image.relative_to(home).as_posix(): list(record.captions) for record in records}
    assert len(captions) == len(records)
    return captions, sorted(entry.kind for entry in entries if isinstance(entry, Skipped))


def write_table(path: Path, key: str, *names: str) -> None:
    names = names or ("file_name",)
    rows = [{**dict.fromkeys(names, name), key: text, "year": 1999} for name, texts in ROWS.items() for text in texts]
    # One picture's rows apart.
    rows = [*rows[1:], rows[0]]
    if path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    elif path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, [*names, key, "year"])
            writer.writeheader()
            writer.writerows(rows)
    else:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)


@pytest.mark.parametrize("key", ["text", "caption", "description"])
@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv", "metadata.parquet"])
def test_imagefolder(tmp_path: Path, name: str, key: str) -> None:
    pictures(tmp_path, *ROWS, "4.jpg")
    write_table(tmp_path / name, key)
    captions, skipped = found(tmp_path)
    assert {name: set(texts) for name, texts in captions.items()} == {
        **{name: set(texts) for name, texts in ROWS.items()},
        "4.jpg": set(),
    }
    assert skipped == []
    assert "ImageFolder" in (Source(tmp_path).recognised or "")
    alone, _ = found(tmp_path / name)
    assert {name: set(texts) for name, texts in alone.items()} == {name: set(texts) for name, texts in ROWS.items()}


def test_imagefolder_by_split_with_sidecars_and_missing_pictures(tmp_path: Path) -> None:
    pictures(tmp_path / "train", "1.jpg", "2.jpg", "._1.jpg")
    write_table(tmp_path / "train" / "metadata.jsonl", "text")
    (tmp_path / "train" / "2.txt").write_text("its sidecar")
    captions, skipped = found(tmp_path)
    assert captions["train/2.jpg"] == ["a boat", "its sidecar"]
    assert [record.split for record in read_records(tmp_path, splits=Splits(("train",)))] == ["train"] * 3
    assert captions["train/3.jpg"] == ["a tree"]  # ingest says that there is no such file
    assert skipped == ["made by a system"]
    with pytest.raises(SourceNotFound, match="file_name"):
        list(read_source(_empty(tmp_path / "empty"), layout="imagefolder"))


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_table_of_that_name_without_file_names_is_no_imagefolder(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "metadata.csv").write_text("id,place\n1,Bonn\n")
    assert Source(tmp_path).recognised is None
    captions, skipped = found(tmp_path)
    assert (len(captions), skipped) == (3, ["not an image"])


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv", "metadata.parquet"])
def test_imagefolder_with_pictures_in_other_columns(tmp_path: Path, name: str) -> None:
    pictures(tmp_path)
    write_table(tmp_path / name, "text", "image_file_name")
    captions, skipped = found(tmp_path)
    assert {name: set(texts) for name, texts in captions.items()} == {name: set(texts) for name, texts in ROWS.items()}
    assert skipped == []
    write_table(tmp_path / name, "text", "input_file_name", "edited_file_name")
    with pytest.raises(SourceError, match=r"'input_file_name' and in 'edited_file_name'; say which .* --image-column"):
        list(read_source(tmp_path))
    captions, _ = found(tmp_path, image_column="edited_file_name")
    assert captions["1.jpg"]
    # A mask beside the picture is no second answer.
    write_table(tmp_path / name, "text", "file_name", "mask_file_name")
    assert found(tmp_path)[0]["2.jpg"] == ["a boat"]


def flickr8k(folder: Path) -> Path:
    lines = [
        f"{name},{text}" if number else f'{name},"{text}"' for name in ROWS for number, text in enumerate(ROWS[name])
    ]
    (folder / "captions.txt").write_text("\n".join(["image,caption", *lines]))
    return folder / "captions.txt"


def flickr30k(folder: Path) -> Path:
    lines = [f"{name}| {number}| {text}" for name in ROWS for number, text in enumerate(ROWS[name])]
    # As in the distributed file, a line without its second bar.
    lines[-1] = "3.jpg| 4   a tree"
    (folder / "results.csv").write_text("\n".join(["image_name| comment_number| comment", *lines]))
    return folder / "results.csv"


def flickr_hub(folder: Path) -> Path:
    rows = [[json.dumps(texts), "[0, 1]", "test", name, 7] for name, texts in ROWS.items()]
    with (folder / "flickr_annotations_30k.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["raw", "sentids", "split", "filename", "img_id"], *rows])
    return folder / "flickr_annotations_30k.csv"


def test_flickr_with_whole_paths(tmp_path: Path) -> None:
    pictures(tmp_path / "elsewhere")
    (tmp_path / "table").mkdir()
    table = flickr_hub(tmp_path / "table")
    table.write_text(table.read_text().replace("1.jpg", str(tmp_path / "elsewhere" / "1.jpg")))
    first = next(iter(read_records(table)))
    assert first.image == tmp_path / "elsewhere" / "1.jpg"


def tokens(folder: Path) -> Path:
    lines = [f"{name}#{number}\t{text}" for name in ROWS for number, text in enumerate(ROWS[name])]
    (folder / "Flickr8k.token.txt").write_text("\n".join(lines))
    return folder / "Flickr8k.token.txt"


@pytest.mark.parametrize(
    ("write", "home"),
    [
        (flickr8k, "Images"),
        (flickr30k, "flickr30k_images"),
        (tokens, "Flicker8k_Dataset"),
        (flickr8k, "."),
        (flickr_hub, "flickr30k-images"),
    ],
)
def test_flickr(tmp_path: Path, write: object, home: str) -> None:
    pictures(tmp_path / home)
    table: Path = write(tmp_path)  # type: ignore[operator]
    expected = {(Path(home) / name).as_posix(): texts for name, texts in ROWS.items()}
    assert found(tmp_path) == (expected, [])
    assert found(table) == (expected, [])
    assert "Flickr" in (Source(tmp_path).recognised or "")
    assert "Flickr" in (Source(table).recognised or "")


def test_a_broken_line_of_flickr_is_named(tmp_path: Path) -> None:
    (tmp_path / "captions.txt").write_text("image,caption\n1.jpg,one\n2.jpg\n")
    with pytest.raises(MalformedSource, match="line 3: expected 2 cells with ',' between them"):
        list(read_source(tmp_path / "captions.txt"))


def coco(folder: Path, *, strays: int = 0) -> Path:
    (folder / "annotations").mkdir(parents=True)
    images = [{"id": 10 + number, "file_name": name, "license": 3} for number, name in enumerate(ROWS)]
    annotations = [
        {"id": number, "image_id": image["id"], "caption": f"{text}\n"}
        for image in images
        for number, text in enumerate(ROWS[str(image["file_name"])])
    ]
    annotations += [{"id": 99, "image_id": 999, "caption": "of nothing"}] * strays
    annotations.reverse()
    path = folder / "annotations" / "captions_val2017.json"
    path.write_text(json.dumps({"info": {}, "images": images, "annotations": annotations}))
    return path


def test_coco(tmp_path: Path) -> None:
    pictures(tmp_path / "val2017")
    table = coco(tmp_path)
    captions, skipped = found(tmp_path)
    assert {name: set(texts) for name, texts in captions.items()} == {
        f"val2017/{name}": set(texts) for name, texts in ROWS.items()
    }
    assert skipped == []
    records = [entry for entry in read_source(table) if isinstance(entry, Record)]
    assert [record.image for record in records] == [tmp_path / "val2017" / name for name in ROWS]
    assert {record.metadata["split"] for record in records} == {"val"}
    assert "COCO" in (Source(tmp_path).recognised or "")
    assert "COCO" in (Source(table).recognised or "")


def test_captions_of_coco_without_a_picture_are_named(tmp_path: Path) -> None:
    pictures(tmp_path / "val2017")
    coco(tmp_path, strays=2)
    entries = [entry for entry in read_source(tmp_path) if isinstance(entry, Skipped)]
    assert [entry.reason for entry in entries] == ["image_id 999 is not among its images; 2 of its captions are lost"]


def test_flickrs_own_other_files_are_no_lost_captions(tmp_path: Path) -> None:
    (tmp_path / "Flicker8k_Dataset").mkdir()
    (tmp_path / "Flicker8k_Dataset" / "1.jpg").touch()
    (tmp_path / "Flickr8k.token.txt").write_text("1.jpg#0\tA dog\n")
    (tmp_path / "Flickr8k.lemma.token.txt").write_text("1.jpg#0\tdog\n")
    (tmp_path / "Flickr_8k.trainImages.txt").write_text("1.jpg\n")
    (entry,) = read_source(tmp_path)
    assert isinstance(entry, Record)
    assert entry.captions == ("A dog",)


@pytest.mark.parametrize("name", ["captions.json", "annotations/nocaps_captions_val.json"])
def test_coco_by_what_its_file_says(tmp_path: Path, name: str) -> None:
    pictures(tmp_path)
    coco(tmp_path).rename(tmp_path / name)
    captions, skipped = found(tmp_path)
    assert {name: set(texts) for name, texts in captions.items()} == {name: set(texts) for name, texts in ROWS.items()}
    assert skipped == []
    assert "COCO" in (Source(tmp_path).recognised or "")


def test_results_of_coco_are_no_captions_of_the_folder(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "captions.json").write_text('[{"image_id": 1, "caption": "a dog"}]')
    assert Source(tmp_path).kind == "folder"


@pytest.mark.parametrize("name", ["dataset.json", "dataset_coco.json"])
def test_a_folder_of_karpathys_splits(tmp_path: Path, name: str) -> None:
    pictures(tmp_path / "images", *ROWS, "4.jpg")
    images = [
        {"filename": name, "split": "train", "sentences": [{"raw": text} for text in texts]}
        for name, texts in ROWS.items()
    ]
    (tmp_path / name).write_text(json.dumps({"images": images, "dataset": "made"}))
    captions, skipped = found(tmp_path)
    assert captions == {**{f"images/{name}": texts for name, texts in ROWS.items()}, "images/4.jpg": []}
    assert skipped == []
    assert "Karpathy" in (Source(tmp_path).recognised or "")
    assert "Karpathy" in (Source(tmp_path / name).recognised or "")
    assert [record.split for record in read_records(tmp_path, splits=Splits(("train",)))] == ["train"] * 3


@pytest.mark.parametrize("layout", ["json", "parquet"])
def test_a_folder_without_the_layouts_tables_is_named(tmp_path: Path, layout: Any) -> None:
    pictures(tmp_path)
    with pytest.raises(SourceNotFound, match="has no"):
        list(read_source(tmp_path, layout=layout))


def test_a_table_in_a_folder_that_is_not_read_is_named(tmp_path: Path) -> None:
    pictures(tmp_path)
    (tmp_path / "labels.csv").write_text("image,caption\n1.jpg,a red car\n")
    (tmp_path / "notes.csv").write_text("when,what\n1,2\n")
    (said,) = Source(tmp_path).doubts()
    assert f"name {tmp_path / 'labels.csv'}" in said
    assert Source(tmp_path, layout="folder").doubts() == []


def test_the_json_beside_each_picture_is_not_opened_to_look_for_coco(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path)
    for name in ROWS:
        (tmp_path / name).with_suffix(".json").write_text('{"caption": "a car"}')
    looked_at: list[Path] = []
    monkeypatch.setattr(coco_reader, "stands_in", lambda path, *keys: looked_at.append(path))
    assert coco_reader.coco_tables(tmp_path) == []
    assert not looked_at
