"""One set of pictures and captions as every kind of source, with entries of every odd sort, for the two sums."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.sources import Record, Skipped, read_source
from clipseek.sources.data_sets.hub import read_hub
from clipseek.sources.fields import Columns
from clipseek.sources.splits import EVERY
from PIL import Image

BLANK = "\u200b\u2060"
#: Picture and caption of each row; of a.png apart, of twin.png the same bytes, b.png with one that shows nothing.
ROWS = [
    ("a.png", "a red car"),
    ("b.png", "a boat"),
    ("twin.png", "the car again"),
    ("a.png", "a car in the sun"),
    ("b.png", BLANK),
    ("broken.png", "of a broken one"),
    ("c.png", "x\u2028y"),
]
#: Whose pictures cannot be read, or of which nothing is seen.
LOST = {"of a broken one", BLANK}
FOUND = {text for _, text in ROWS} - LOST
#: Where a source can name pictures that are not there.
ABSENT = ("absent.png", "of nothing")


@dataclass(frozen=True)
class Made:
    """A source, and its captions in beside ROWS."""

    entries: Callable[[], Iterable[Record | Skipped]]
    more: int = 0


def content(name: str) -> bytes:
    """A picture's bytes; twin.png has those of a.png."""
    if name == "broken.png":
        return b"\x89PNG\r\n\x1a\n broken"
    if name in ("empty.png", "absent.png"):
        return b""
    buffer = io.BytesIO()
    colour = {"a.png": "red", "twin.png": "red", "b.png": "blue", "c.png": "green"}.get(name, "black")
    Image.new("RGB", (6, 4), colour).save(buffer, "PNG")
    return buffer.getvalue()


def draw(home: Path) -> Path:
    """The pictures in a folder."""
    home.mkdir(parents=True, exist_ok=True)
    for name in {name for name, _ in ROWS}:
        (home / name).write_bytes(content(name))
    return home


def said() -> dict[str, list[str]]:
    """The captions of each picture."""
    texts: dict[str, list[str]] = {}
    for name, text in ROWS:
        texts.setdefault(name, []).append(text)
    return texts


def of(path: Path, more: int = 0, **reading: Any) -> Made:
    return Made(lambda: read_source(path, **reading), more)


def folder(home: Path) -> Made:
    draw(home)
    for name, texts in said().items():
        (home / name).with_suffix(".TXT").write_text("\n".join(texts), "utf-8")
    (home / "alone.txt").write_text("one\ntwo")
    (home / "._a.png").write_bytes(b"a twin of macOS")
    (home / "notes.pdf2").touch()
    (home / "empty.png").touch()
    return of(home, 2)


def table(sign: str, name: str) -> Callable[[Path], Made]:
    def write(home: Path) -> Made:
        draw(home)
        rows = [("image", "caption"), *ROWS, ABSENT]
        (home / name).write_text("\n".join(sign.join(row) for row in rows), "utf-8")
        return of(home / name, 1)

    return write


def jsonl(home: Path) -> Made:
    draw(home)
    rows = [{"image": name, "caption": text} for name, text in [*ROWS, ABSENT]]
    (home / "m.jsonl").write_text("\n".join(map(json.dumps, [*rows, {"image": "c.png", "caption": None}])))
    return of(home / "m.jsonl", 1)


def parquet(home: Path) -> Made:
    import pyarrow
    import pyarrow.parquet as files

    draw(home)
    rows = [{"image": name, "caption": text} for name, text in [*ROWS, ABSENT]]
    files.write_table(pyarrow.Table.from_pylist(rows), home / "m.parquet")
    return of(home / "m.parquet", 1)


def tar(home: Path) -> Made:
    """Members of a sample apart, a key again, links, a Mac's twins, texts without a picture, a second picture."""
    home.mkdir(exist_ok=True)
    texts = said()
    files: list[tuple[str, bytes]] = [(name, content(name)) for name in texts]
    files += [(name.replace(".png", ".txt"), "\n".join(lines).encode()) for name, lines in texts.items()]
    files += [("._a.png", b"mac"), ("._a.txt", b"mac"), ("alone.txt", b"one\ntwo"), ("a.mask.png", b"mask")]
    files += [("a.png", content("a.png")), ("a.txt", b"the same key again")]
    with tarfile.open(home / "m.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, to, kind in (
            ("hard.png", "c.png", tarfile.LNKTYPE),
            ("soft.txt", "c.txt", tarfile.SYMTYPE),
            ("soft.png", "c.png", tarfile.SYMTYPE),
            ("out.png", "../elsewhere.png", tarfile.SYMTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, to
            archive.addfile(member)
    return of(home / "m.tar", 2 + 1 + 1)  # alone.txt, the key again, soft.txt


def packed_tar(home: Path) -> Made:
    """The same, compressed."""
    made = tar(home)
    (home / "m.tar.gz").write_bytes(gzip.compress((home / "m.tar").read_bytes()))
    (home / "m.tar").unlink()
    return of(home / "m.tar.gz", made.more)


def imagefolder(home: Path) -> Made:
    draw(home)
    rows = [json.dumps({"file_name": name, "text": text}) for name, text in [*ROWS, ABSENT]]
    (home / "metadata.jsonl").write_text("\n".join(rows))
    (home / "extra.png").write_bytes(content("extra.png"))
    return of(home, 1)


def flickr(home: Path) -> Made:
    draw(home)
    rows = [f"{name}| {number}| {text}" for number, (name, text) in enumerate([*ROWS, ABSENT])]
    (home / "results.csv").write_text("\n".join(["image_name| comment_number| comment", *rows]), "utf-8")
    return of(home, 1)


def flickr_hub(home: Path) -> Made:
    """As on the Hugging Face hub: all captions of a picture in one cell."""
    import csv

    draw(home / "flickr30k-images")
    rows = [[json.dumps(texts), "[0]", "test", name, 1] for name, texts in {**said(), ABSENT[0]: [ABSENT[1]]}.items()]
    with (home / "flickr_annotations_30k.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["raw", "sentids", "split", "filename", "img_id"], *rows])
    return of(home, 1)


def imagefolder_named(home: Path) -> Made:
    """With the pictures' names in a column of another name."""
    draw(home)
    rows = [json.dumps({"image_file_name": name, "text": text}) for name, text in [*ROWS, ABSENT]]
    (home / "metadata.jsonl").write_text("\n".join(rows))
    return of(home, 1)


def coco(home: Path) -> Made:
    draw(home / "val2017")
    (home / "annotations").mkdir()
    images = [{"id": name, "file_name": name} for name in said()]
    notes = [{"image_id": name, "caption": text} for name, text in [*ROWS, ABSENT]]
    (home / "annotations" / "captions_val2017.json").write_text(json.dumps({"images": images, "annotations": notes}))
    return of(home, 1)


def karpathy(home: Path) -> Made:
    draw(home)
    images = [{"filename": name, "sentences": [{"raw": text} for text in texts]} for name, texts in said().items()]
    (home / "dataset.json").write_text(json.dumps({"images": images}))
    return of(home / "dataset.json")


def img2dataset(home: Path) -> Made:
    import pyarrow
    import pyarrow.parquet as files

    home.mkdir(exist_ok=True)
    draw(home / "00000")
    for name, texts in said().items():
        (home / "00000" / name).with_suffix(".txt").write_text("\n".join(texts), "utf-8")
    rows = [{"url": "https://host/x.jpg", "caption": "not here", "key": "9", "status": "failed_to_download"}]
    files.write_table(pyarrow.Table.from_pylist(rows), home / "00000.parquet")
    (home / "00000_stats.json").write_text("{}")
    return of(home, 1)


def json_list(home: Path) -> Made:
    draw(home)
    rows = [{"image": name, "caption": text} for name, text in [*ROWS, ABSENT]]
    (home / "m.json").write_text(json.dumps([*rows, {"image": "c.png", "caption": None}]))
    return of(home / "m.json", 1)


def parquet_folder(home: Path) -> Made:
    """Two shards as the hub has them, pictures in the rows; the rows of a picture lie in both."""
    import pyarrow
    import pyarrow.parquet as files

    home.mkdir(exist_ok=True)
    rows = [{"image": {"bytes": content(name), "path": name}, "caption": text} for name, text in ROWS]
    for number, part in enumerate((rows[:3], rows[3:])):
        files.write_table(pyarrow.Table.from_pylist(part), home / f"train-0000{number}-of-00002.parquet")
    return of(home)


def saved(home: Path) -> Made:
    """As ``datasets`` saves to disk: one stream of Arrow."""
    import pyarrow

    home.mkdir(exist_ok=True)
    rows = [{"image": {"bytes": content(name), "path": None}, "caption": text} for name, text in ROWS]
    made = pyarrow.Table.from_pylist(rows)
    path = str(home / "data-00000-of-00001.arrow")
    with pyarrow.OSFile(path, "wb") as sink, pyarrow.ipc.new_stream(sink, made.schema) as stream:
        stream.write_table(made)
    (home / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (home / "dataset_info.json").write_text("{}")
    return of(home)


def stdin(home: Path) -> Made:
    """Paths, one a line, each with its sidecar; one twice, one that is not there, one that is a folder."""
    from clipseek.sources.folders.stdin import read_paths

    draw(home)
    for name, texts in said().items():
        (home / name).with_suffix(".txt").write_text("\n".join(texts), "utf-8")
    paths = [*said(), "a.png", "absent.png", "."]

    def entries() -> Iterable[Record | Skipped]:
        from clipseek.sources.entries import without_blank

        given = io.BytesIO("".join(f"{home / path}\n" for path in paths).encode())
        return without_blank(iter(read_paths(Columns(), given)))

    return Made(entries, 2)  # those of a.png again


def imageclef(home: Path) -> Made:
    """Both parts, ids for names; the pictures are what their bytes are, not JPEGs."""
    lines = [f"{Path(name).stem}\t{text}" for name, text in [*ROWS, ABSENT]]
    for split, captions, pictures in (
        ("training", "CaptionPredictionTraining2017", "CaptionPredictionTraining2017"),
        ("validation", "CaptionPredictionValidation2017", "ConceptDetectionValidation2017"),
    ):
        renamed(home / split / pictures)
        part = lines[:4] if split == "training" else lines[4:]
        (home / split / f"{captions}-Captions.csv").write_text("\n".join(part), "utf-8")
    return of(home, 1)


def roco(home: Path) -> Made:
    """Version 1; one kind of picture apart, and a line without caption and picture."""
    lines = [f"{Path(name).stem}\t{text}" for name, text in [*ROWS, ABSENT]]
    for kind, part in (("radiology", [*lines[:5], "d\t"]), ("non-radiology", lines[5:])):
        renamed(home / "train" / kind / "images")
        (home / "train" / kind / "captions.txt").write_text("\n".join(part), "utf-8")
    return of(home, 1)


def roco_2(home: Path) -> Made:
    renamed(home / "train")
    lines = ["ID,Caption", *(f"{Path(name).stem},{text}" for name, text in [*ROWS, ABSENT])]
    (home / "train_captions.csv").write_text("\n".join(lines), "utf-8")
    return of(home, 1)


def renamed(home: Path) -> None:
    """The pictures in a folder, each by the ending .jpg."""
    for path in draw(home).iterdir():
        path.rename(path.with_suffix(".jpg"))


def hub(home: Path) -> Made:
    rows = [{"image": {"bytes": content(name), "path": None}, "caption": text} for name, text in ROWS]

    def load(name: str, split: str, image: str) -> tuple[Iterable[Mapping[str, Any]], list[str]]:
        return iter(rows), list(rows[0])

    def entries() -> Iterable[Record | Skipped]:
        from clipseek.sources.entries import without_blank

        return without_blank(iter(read_hub(Path("hub:a/b:test"), Columns(), home / "cache", EVERY, load)))

    return Made(entries)


KINDS: dict[str, Callable[[Path], Made]] = {
    "folder": folder,
    "tsv": table("\t", "m.tsv"),
    "csv": table(",", "m.csv"),
    "semicolons": table(";", "m.csv"),
    "jsonl": jsonl,
    "parquet": parquet,
    "tar": tar,
    "tar.gz": packed_tar,
    "imagefolder": imagefolder,
    "flickr": flickr,
    "flickr hub": flickr_hub,
    "imagefolder named": imagefolder_named,
    "coco": coco,
    "karpathy": karpathy,
    "img2dataset": img2dataset,
    "hub": hub,
    "json": json_list,
    "parquet folder": parquet_folder,
    "saved": saved,
    "paths": stdin,
    "imageclef": imageclef,
    "roco": roco,
    "roco 2": roco_2,
}
#: Those that pyarrow reads.
ARROW = {"parquet", "img2dataset", "parquet folder", "saved"}
