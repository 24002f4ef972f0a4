"""Which splits of each layout are read, with a picture in its test split that must not come with the others."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from clipseek.sources import Record, Source, Splits, UnknownSplit
from clipseek.sources.data_sets.hub import own_split, read_hub
from clipseek.sources.fields import Columns

TRAIN = Splits((), ("train",))
HELD_OUT = Splits((), ("test", "validation"))


def imageclef(folder: Path) -> Path:
    for name, text in (("Training", "a\tone\nb\ttwo\n"), ("Validation", "c\tthree\n")):
        (folder / name.lower()).mkdir(parents=True)
        (folder / name.lower() / f"CaptionPrediction{name}2017-Captions.csv").write_text(text)
    return folder


def roco(folder: Path) -> Path:
    for split, text in (("train", "a\tone\nb\ttwo\n"), ("validation", "v\tv\n"), ("test", "c\tthree\n")):
        (folder / split / "radiology").mkdir(parents=True)
        (folder / split / "radiology" / "captions.txt").write_text(text)
    return folder


def roco_2(folder: Path) -> Path:
    folder.mkdir()
    for split, text in (("train", "a,one\nb,two\n"), ("valid", "v,v\n"), ("test", "c,three\n")):
        (folder / f"{split}_captions.csv").write_text(f"ID,Caption\n{text}")
    return folder


_ROWS = [("a", "train", "one"), ("v", "val", "v"), ("c", "test", "three"), ("b", "train", "two")]


def karpathy(folder: Path) -> Path:
    folder.mkdir()
    images = [{"filename": f"{name}.jpg", "split": split, "sentences": [{"raw": text}]} for name, split, text in _ROWS]
    (folder / "dataset.json").write_text(json.dumps({"dataset": "rsicd", "images": images}))
    return folder / "dataset.json"


def table(folder: Path) -> Path:
    folder.mkdir()
    rows = [f"{name}.jpg\t{text}\t{split}" for name, split, text in _ROWS]
    (folder / "pairs.tsv").write_text("\n".join(["image\tcaption\tsplit", *rows]))
    return folder / "pairs.tsv"


def lines(folder: Path) -> Path:
    folder.mkdir()
    rows = [{"image": f"{name}.jpg", "caption": text, "split": split} for name, split, text in _ROWS]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder / "pairs.jsonl"


def shards(folder: Path) -> Path:
    folder.mkdir()
    with tarfile.open(folder / "pairs.tar", "w") as archive:
        for name, split, text in _ROWS:
            for suffix, data in (("jpg", b"x"), ("json", json.dumps({"caption": text, "split": split}).encode())):
                member = tarfile.TarInfo(f"{name}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return folder / "pairs.tar"


def imagefolder(folder: Path) -> Path:
    for split, rows in (
        ("train", [("a", "one"), ("b", "two")]),
        ("validation", [("v", "v")]),
        ("test", [("c", "three")]),
    ):
        (folder / split).mkdir(parents=True)
        lines = [json.dumps({"file_name": f"{name}.jpg", "text": text}) for name, text in rows]
        (folder / split / "metadata.jsonl").write_text("\n".join(lines))
        for name, _ in rows:
            (folder / split / f"{name}.jpg").write_bytes(b"x")
    return folder


def coco(folder: Path) -> Path:
    (folder / "annotations").mkdir(parents=True)
    parts = (("train", ["one", "two"]), ("val", ["v"]), ("test", ["three"]))
    for split, texts in parts:
        images = [{"id": number, "file_name": f"{split}{number}.jpg"} for number, _ in enumerate(texts)]
        said = [{"image_id": number, "caption": text} for number, text in enumerate(texts)]
        content = json.dumps({"images": images, "annotations": said})
        (folder / "annotations" / f"captions_{split}2017.json").write_text(content)
    return folder


LAYOUTS = pytest.mark.parametrize("make", [imageclef, roco, roco_2, karpathy, table, lines, shards, imagefolder, coco])


def captions(source: Source) -> list[str]:
    return sorted(record.caption for record in source.records())


@LAYOUTS
def test_each_layout_trains_on_train_and_is_tested_on_what_it_holds_out(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path / "source")
    assert captions(Source(path, splits=TRAIN)) == ["one", "two"]
    assert captions(Source(path, splits=HELD_OUT)) == ["three"]
    every = captions(Source(path))
    assert len(every) == (3 if make is imageclef else 4)
    assert captions(Source(path, splits=Splits(("all",), ("train",)))) == every
    assert captions(Source(path, splits=Splits(("Training",)))) == ["one", "two"]


@LAYOUTS
def test_a_split_that_is_not_there_is_one_line_that_lists_those_that_are(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    source = Source(make(tmp_path / "source"), splits=Splits(("tset", "train")))
    for read in (source.check, source.check_splits, lambda: list(source)):
        with pytest.raises(
            UnknownSplit, match=r"has no split 'tset'; its splits are .*train.*: choose with --split"
        ) as found:
            read()
        assert "\n" not in str(found.value)


def test_the_line_says_what_was_read_and_what_was_left(tmp_path: Path) -> None:
    path = table(tmp_path / "source")
    with path.open("a") as stream:
        stream.write("\nd.jpg\tfour\t\n")
    chosen = Source(path, splits=TRAIN).chosen()
    assert [entry.caption for entry in chosen if isinstance(entry, Record)] == ["one", "two"]
    assert chosen.line() == (
        f"{path}: split train, 2 records; left out: 1 of val, 1 of test, 1 of no split (--split chooses others)"
    )
    every = Source(path).chosen()
    assert len(list(every)) == 5
    assert every.line() == f"{path}: every split (2 of train, 1 of val, 1 of test, 1 of no split); --split chooses"


def test_a_source_without_splits_is_read_whole_and_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("image\tcaption\na.jpg\tone\n")
    for splits in (Splits(), TRAIN, HELD_OUT):
        chosen = Source(tmp_path / "pairs.tsv", splits=splits).chosen()
        assert len(list(chosen)) == 1
        assert chosen.line() is None
    with pytest.raises(UnknownSplit, match=r"has no split 'train', nor any other: .* leave --split out"):
        Source(tmp_path / "pairs.tsv", splits=Splits(("train",))).check()


def test_a_source_of_test_pairs_alone_is_not_trained_on_but_can_be_validated_on(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("image\tcaption\tsplit\na.jpg\tone\ttest\n")
    with pytest.raises(UnknownSplit, match="has no split 'train'; its splits are test:"):
        Source(tmp_path / "test.tsv", splits=TRAIN).check()
    assert captions(Source(tmp_path / "test.tsv", splits=Splits((), ("validation",), lone=True))) == ["one"]
    (tmp_path / "train.tsv").write_text("image\tcaption\tsplit\na.jpg\tone\ttrain\n")
    with pytest.raises(UnknownSplit, match="has no split 'test'; its splits are train:"):
        captions(Source(tmp_path / "train.tsv", splits=HELD_OUT))


def test_rows_of_one_picture_in_two_splits_stay_two_records(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text(
        "image\tcaption\tsplit\na.jpg\tone\ttrain\na.jpg\ttwo\ttrain\na.jpg\tthree\ttest\n"
    )
    assert [record.captions for record in Source(tmp_path / "pairs.tsv", splits=TRAIN).records()] == [("one", "two")]


def test_the_hub_reads_the_splits_that_are_wanted_and_no_other(tmp_path: Path) -> None:
    asked: list[str] = []

    def load(name: str, split: str, image: str) -> tuple[Iterable[Mapping[str, Any]], list[str]]:
        asked.append(split)
        return iter([{"image": {"bytes": b"\xff\xd8", "path": None}, "caption": split}]), ["image", "caption"]

    def read(path: str, splits: Splits) -> list[str | None]:
        rows = read_hub(Path(path), Columns(), tmp_path, splits, load, lambda name: ["train", "validation", "test"])
        return [record.split for record in rows]

    assert read("hub:a/b", TRAIN) == ["train"]
    assert read("hub:a/b", HELD_OUT) == ["test"]
    assert read("hub:a/b", Splits(("val", "test"))) == ["validation", "test"]
    assert asked == ["train", "test", "validation", "test"]
    assert read("hub:a/b", Splits()) == ["train", "validation", "test"]
    assert read("hub:a/b:test[:10%]", TRAIN) == ["test"]  # it was named
    assert [own_split(Path(name)) for name in ("hub:a/b", "hub:a/b:test", "x.tsv")] == [None, "test", None]
    with pytest.raises(UnknownSplit, match="hub:a/b has no split 'dev2'; its splits are train, validation, test"):
        read("hub:a/b", Splits(("dev2",)))


def test_imageclef_in_the_splits_of_the_talk(tmp_path: Path) -> None:
    path = imageclef(tmp_path / "source")
    lines = "".join(f"id-{number}\tcaption {number}\n" for number in range(1000))
    (path / "training" / "CaptionPredictionTraining2017-Captions.csv").write_text(lines)

    def ids(*names: str, otherwise: tuple[str, ...] = ()) -> set[str | None]:
        source = Source(path, splits=Splits(("talk", *names), otherwise))
        source.check()
        return {record.id for record in source.records()}

    train, validation = ids("train"), ids("val")
    assert len(train) + len(validation) == 1000
    assert 70 < len(validation) < 130
    assert not train & validation
    assert ids("test") == {"c"}
    assert ids(otherwise=("train",)) == train
    assert ids(otherwise=("test", "validation")) == {"c"}
    assert len(ids()) == 1001
    with pytest.raises(UnknownSplit, match="has no split 'training2'; its splits are train, validation, test"):
        ids("training2")
    with pytest.raises(UnknownSplit, match="has no split 'talk'; its splits are train, val, test"):
        Source(table(tmp_path / "table"), splits=Splits(("talk",), ("train",))).check()
