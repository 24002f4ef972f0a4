"""The data sets of the talk and of its sister demo, in the splits that their figures are given for, and what their splits share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.files.whole import write_whole
from clipseek.sources import Record, Source, SourceError, Splits, records_of, shown

from ..data.overlap import Overlap, near_pictures, overlap
from ..data.survey import survey
from ..errors import TrainingError

PARTS = ("train", "validation", "test")
#: Data set -> its layout, and the names that ``--split`` has for each part. ImageCLEF as the talk split it: its own validation,
#: which has captions, is the test.
SETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "imageclef": ("imageclef", ("talk,train", "talk,validation", "talk,test")),
    "roco": ("roco", ("train", "validation", "test")),
    "rsicd": ("json", ("train", "validation", "test")),
}


@dataclass(frozen=True)
class Leaks:
    """``shared``: what two parts have in common, by "train, test" and the like, as ``Overlap.as_dict`` gives it. ``dropped``: the
    pictures of a part that are equal to a held-out one, or look nearly like it, and are left out for that."""

    shared: dict[str, dict[str, Any]]
    dropped: dict[str, list[str]]

    def lines(self) -> list[str]:
        """For a person."""
        kinds = {"equal": "of equal bytes", "near": "nearly the same", "captions": "equal captions", "groups": "groups"}
        lines = []
        for parts, found in self.shared.items():
            said = ", ".join(f"{found[kind]['there']:,} {words}" for kind, words in kinds.items())
            lines.append(f"{parts} share: pictures {said}")
        left = {part: len(names) for part, names in self.dropped.items() if names}
        lines += [
            f"left out of {part}: {number:,} pictures that are in a held-out part, or nearly"
            for part, number in left.items()
        ]
        return lines


def sources_of(name: str, folder: Path, *, clean: bool = True) -> dict[str, Source]:
    """Part -> its source, with ``clean`` captions of figures. Raises SourceError where ``folder`` is not laid out so, or lacks a
    part."""
    layout, splits = SETS[name]
    path = _described(folder) if layout == "json" and folder.is_dir() else folder
    hint = f"clipseek reproduce {name} needs train, validation and test"
    made = {
        part: Source(path, layout=layout, splits=Splits(tuple(names.split(",")), hint=hint), clean=clean)  # type: ignore[arg-type]
        for part, names in zip(PARTS, splits, strict=True)
    }
    for source in made.values():
        source.check()
    return made


def _described(folder: Path) -> Path:
    """The one JSON file in ``folder``, or that of RSICD."""
    found = sorted(folder.glob("*.json"))
    own = [path for path in found if "rsicd" in path.name.lower()] or found
    if len(own) != 1:
        names = ", ".join(path.name for path in own) or "none"
        raise SourceError(
            f"{shown(folder)}: expected dataset_rsicd.json beside the folder of its pictures, found {names}"
        )
    return own[0]


def records_by_part(sources: dict[str, Source], say: Callable[[str], None]) -> dict[str, list[Record]]:
    """Part -> its records; which splits these are, and how many captions were cleaned, is said. Raises SourceError."""
    records = {}
    for part, source in sources.items():
        chosen = source.chosen()
        records[part] = list(records_of(chosen))
        if line := chosen.line():
            say(line)
    return records


def leaks_among(
    records: dict[str, list[Record]], kept: Path, on_progress: Callable[[str, int], None] = lambda part, done: None
) -> Leaks:
    """Read every picture and compare the parts with each other; what ``kept`` holds of the same records is not done again."""
    digest = hashlib.sha256()
    for part, own in records.items():
        for record in own:
            digest.update(f"{part}\0{shown(record.image)}\0{record.captions}\n".encode("utf-8", "replace"))
    if kept.is_file():
        stored = json.loads(kept.read_text("utf-8"))
        if stored["records"] == digest.hexdigest():
            return Leaks(stored["shared"], stored["dropped"])
    surveys = {part: survey(own, lambda done, part=part: on_progress(part, done)) for part, own in records.items()}  # type: ignore[misc]
    if empty := [part for part, found in surveys.items() if not found.readable]:
        raise TrainingError(f"{empty[0]} has no readable picture; the first is {shown(records[empty[0]][0].image)}")
    shared: dict[str, dict[str, Any]] = {}
    dropped: dict[str, list[str]] = {part: [] for part in PARTS}
    for part, held in (("train", "test"), ("train", "validation"), ("validation", "test")):
        found: Overlap = overlap(surveys[part], surveys[held])
        shared[f"{part} and {held}"] = found.as_dict()
        dropped[part] += near_pictures(surveys[part], surveys[held])
    dropped = {part: sorted(set(names)) for part, names in dropped.items()}
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept, json.dumps({"records": digest.hexdigest(), "shared": shared, "dropped": dropped}) + "\n")
    return Leaks(shared, dropped)
