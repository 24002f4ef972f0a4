"""Small corpora in the layouts of known data sets, in whose test splits are planted pictures and captions of the training."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.pairs import write_squares

#: What is planted into the test split, by the name of its picture.
EQUAL, NEAR, CAPTION, GROUP = "equal", "near", "caption", "group"


@dataclass(frozen=True)
class Item:
    """A picture by its name, its file's bytes, split (train, validation or test), caption and group."""

    name: str
    data: bytes
    split: str
    caption: str
    group: str


def items(folder: Path, copies: int = 1) -> list[Item]:
    """``copies`` x 12 training pairs, 4 validation pairs, 4 clean and 4 leaked test pairs."""
    squares = write_squares(folder)
    data = [record.image.read_bytes() for record in squares]
    of = [(record.image.stem, record.caption) for record in squares]
    train = [
        Item(f"{of[at][0]}-{copy}", data[at], "train", f"{of[at][1]}, {copy}" if copy else of[at][1], f"p{at}")
        for copy in range(copies)
        for at in range(12)
    ]
    held = [Item(of[at][0], data[at], "validation" if at < 16 else "test", of[at][1], f"p{at}") for at in range(12, 20)]
    again = io.BytesIO()
    Image.open(io.BytesIO(data[1])).save(again, "JPEG", quality=90)
    leaks = [
        Item(EQUAL, data[0], "test", "the first", "p30"),
        Item(NEAR, again.getvalue(), "test", "the second", "p31"),
        Item(CAPTION, data[20], "test", of[2][1].upper(), "p32"),
        Item(GROUP, data[21], "test", "the fourth", "p3"),
    ]
    return [*train, *held, *leaks]


def imageclef(folder: Path, made: list[Item]) -> Path:
    """Its validation is the talk's test; what others call validation is a part of its training."""
    places = {"Training": "CaptionPredictionTraining2017", "Validation": "ConceptDetectionValidation2017"}
    for part, pictures in places.items():
        home = folder / part.lower()
        chosen = [item for item in made if (item.split == "test") == (part == "Validation")]
        _pictures(home / pictures, chosen)
        lines = "".join(f"{item.name}\t{item.caption}\n" for item in chosen)
        (home / f"CaptionPrediction{part}2017-Captions.csv").write_text(lines)
    return folder


def roco(folder: Path, made: list[Item]) -> Path:
    for split, chosen in _by_split(made):
        home = folder / split / "radiology"
        _pictures(home / "images", chosen)
        (home / "captions.txt").write_text("".join(f"{item.name}\t{item.caption}\n" for item in chosen))
    return folder


def roco_2(folder: Path, made: list[Item]) -> Path:
    for split, chosen in _by_split(made):
        name = "valid" if split == "validation" else split
        _pictures(folder / name, chosen)
        rows = "".join(f'{item.name},"{item.caption}"\n' for item in chosen)
        (folder / f"{name}_captions.csv").write_text(f"ID,Caption\n{rows}")
    return folder


def karpathy(dataset: str) -> Callable[[Path, list[Item]], Path]:
    """The JSON of RSICD, UCM captions and COCO."""

    def write(folder: Path, made: list[Item]) -> Path:
        _pictures(folder / "images", made)
        short = {"validation": "val"}
        images = [
            {
                "filename": f"{item.name}.jpg",
                "split": short.get(item.split, item.split),
                "sentences": [{"raw": item.caption}],
            }
            for item in made
        ]
        path = folder / f"dataset_{dataset}.json"
        path.write_text(json.dumps({"dataset": dataset, "images": images}))
        return path

    return write


def imagefolder(folder: Path, made: list[Item]) -> Path:
    for split, chosen in _by_split(made):
        _pictures(folder / split, chosen)
        rows = [{"file_name": f"{item.name}.jpg", "text": item.caption, "group": item.group} for item in chosen]
        (folder / split / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def webdataset(folder: Path, made: list[Item]) -> Path:
    folder.mkdir(parents=True)
    with tarfile.open(folder / "pairs.tar", "w") as archive:
        for item in made:
            said = {"caption": item.caption, "split": item.split, "group": item.group}
            for suffix, data in (("jpg", item.data), ("json", json.dumps(said).encode())):
                member = tarfile.TarInfo(f"{item.name}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return folder / "pairs.tar"


#: Layout -> what writes it, the splits to train on and to test on, and whether its pairs have groups.
LAYOUTS: dict[str, tuple[Callable[[Path, list[Item]], Path], str, str, bool]] = {
    "imageclef": (imageclef, "train", "validation", False),
    "imageclef as in the talk": (imageclef, "talk,train,validation", "talk,test", False),
    "roco": (roco, "train", "test", False),
    "roco 2": (roco_2, "train", "test", False),
    "rsicd": (karpathy("rsicd"), "train", "test", False),
    "ucm": (karpathy("ucm"), "train", "test", False),
    "coco": (karpathy("coco"), "train", "test", False),
    "imagefolder": (imagefolder, "train", "test", True),
    "webdataset": (webdataset, "train", "test", True),
}


def _by_split(made: list[Item]) -> Iterator[tuple[str, list[Item]]]:
    for split in ("train", "validation", "test"):
        yield split, [item for item in made if item.split == split]


def _pictures(folder: Path, made: list[Item]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for item in made:
        (folder / f"{item.name}.jpg").write_bytes(item.data)
