"""COCO captions as they are distributed: ``annotations/captions_train2017.json`` beside the pictures' folder ``train2017``.

``{"images": [{"id": 1, "file_name": …}, …], "annotations": [{"image_id": 1, "caption": …}, …]}``.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import MalformedSource, SourceNotFound
from ..record import Record, Skipped, on_disk, shown
from .karpathy import load_json, stands_in

_NAME = re.compile(r"captions_([A-Za-z]+)(\d*)\.json")


def coco_tables(folder: Path) -> list[Path]:
    """The captions files of ``folder``, in it or in its ``annotations``."""
    homes = (home for home in (folder, folder / "annotations") if os.access(home, os.R_OK) and home.is_dir())
    return sorted(path for home in homes for path in home.iterdir() if _is_table(path))


def _is_table(path: Path) -> bool:
    """By COCO's own name; a file called otherwise, like ``captions.json``, by what stands at its two ends."""
    if _NAME.fullmatch(path.name):
        return os.path.isfile(path)
    if "captions" not in path.name.lower():
        return False  # not opened: a folder of pictures may have a JSON for each
    is_coco_like = any(stands_in(path, key) for key in ('"images"', '"annotations"'))
    return is_coco_like and stands_in(path, '"image_id"', '"caption"')


def is_coco(content: object) -> bool:
    """True for COCO's two lists."""
    return isinstance(content, dict) and all(isinstance(content.get(key), list) for key in ("images", "annotations"))


def read_coco(folder: Path) -> Iterator[Record | Skipped]:
    """The records of all captions files of ``folder``, or of one file. Raises SourceNotFound, MalformedSource."""
    tables = coco_tables(folder) if folder.is_dir() else [folder]
    if not tables:
        raise SourceNotFound(
            f"{shown(folder)} is not laid out like COCO; it needs annotations/captions_train2017.json or the like"
        )
    for path in tables:
        yield from coco_records(path, load_json(path))


def coco_records(path: Path, content: Any) -> Iterator[Record | Skipped]:
    """A record for each picture with all its captions and, where the file's name says it, the metadata ``split``; the captions of
    pictures that the file does not list as Skipped."""
    if not is_coco(content):
        raise MalformedSource(
            f'{shown(path)}: expected {{"images": [...], "annotations": [...]}}, as COCO captions have it'
        )
    texts: dict[Any, list[str]] = defaultdict(list)
    for number, annotation in enumerate(content["annotations"]):
        caption = annotation.get("caption") if isinstance(annotation, dict) else None
        if not isinstance(caption, str) or not isinstance(annotation.get("image_id"), (int, str)):
            raise MalformedSource(f'{shown(path)} annotations[{number}]: expected "image_id" and a text "caption"')
        if caption.strip():
            texts[annotation["image_id"]].append(caption.strip())
    name = _NAME.fullmatch(path.name)
    folder: Path | None = None
    for number, entry in enumerate(content["images"]):
        if not isinstance(entry, dict) or not isinstance(entry.get("file_name"), str) or "id" not in entry:
            raise MalformedSource(
                f'{shown(path)} images[{number}]: expected an object with "id" and a text "file_name"'
            )
        folder = folder or _folder(path, entry["file_name"], name[1] + name[2] if name else "")
        captions = tuple(dict.fromkeys(texts.pop(entry["id"], ())))
        yield Record(None, on_disk(folder, entry["file_name"]), captions, metadata={"split": name[1]} if name else {})
    for image_id, lost in texts.items():
        reason = f"image_id {image_id} is not among its images; {len(lost):,} of its captions are lost"
        yield Skipped(path, "caption without a picture", reason, captions=len(lost))


def _folder(path: Path, picture: str, part: str) -> Path:
    """The folder of the first picture; the one that COCO's archives make where it is nowhere, so that errors name that."""
    home = path.parent.parent if path.parent.name == "annotations" else path.parent
    places = [home / place / part for place in ("", "images")] + [home / "images", path.parent, home]
    return next((place for place in places if (place / picture).is_file()), home / part)
