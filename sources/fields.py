"""Named values, from a row or a JSON object, to a Record."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .captions import caption_lines, whole_caption
from .cell_lists import written_list
from .errors import MalformedSource, MissingColumn
from .record import MetadataValue, Record, Skipped

#: What a column is called by other programs where the role's own name is not there; open_clip writes filepath and title.
_OTHER_NAMES = {
    "image": ("image_path", "image_file", "image_name", "filepath", "file_path", "filename", "file_name", "url"),
    "caption": ("captions", "text"),
}
_CAPTION_BESIDE = {"filepath": "title"}
#: Where a JSON object has its captions, if it has no ``caption``.
_OTHER_KEYS = ("text", "description")


@dataclass(frozen=True)
class Columns:
    """Which column holds what. A column other than the default was named by the user, so it must be there.

    And how texts are read: ``whole``: a caption's file is one caption, not one a line; ``encoding`` and ``separator`` of a
    manifest, where they were named; ``images``: the folder to which its paths are relative, if not its own.
    """

    image: str = "image"
    caption: str = "caption"
    id: str = "id"
    group: str = "group"
    whole: bool = False
    encoding: str = ""
    separator: str = ""
    images: Path | None = None

    def captions_of(self, text: str) -> list[str]:
        """The captions of a file of captions."""
        return whole_caption(text) if self.whole else caption_lines(text)

    def among(self, present: list[str]) -> Columns:
        """The same with the names that ``present`` columns have: in letters of another case, or as other programs call them, where
        one alone may be meant. What the user named stays."""
        image = self._found("image", present)
        caption = self._found("caption", present)
        if caption == "caption" not in present and _CAPTION_BESIDE.get(image) in present:
            caption = _CAPTION_BESIDE[image]
        return self if (image, caption) == (self.image, self.caption) else replace(self, image=image, caption=caption)

    def _found(self, role: str, present: list[str]) -> str:
        named: str = getattr(self, role)
        if named != role or role in present:
            return named
        same = [name for name in present if name.lower() == role]
        other = [name for name in present if name.lower() in _OTHER_NAMES[role]]
        return next((names[0] for names in (same, other) if len(names) == 1), named)

    def check(self, present: list[str], place: str) -> None:
        """Raise MissingColumn unless the picture's column, and every one that the user named, is among ``present``."""
        for role in ("image", "caption", "id", "group"):
            wanted = getattr(self, role)
            if wanted not in present and (role == "image" or wanted != role):  # every default is the role's own name
                names = ", ".join(repr(name) for name in present) or "none"
                raise MissingColumn(
                    f"{place}: no column {wanted!r}; the columns are {names}. Name the right one with --{role}-column"
                )


def from_object(fields: Mapping[str, Any], columns: Columns, place: str, *, image: Path) -> Record:
    """The record of ``image`` from named values; those with no role become metadata.

    ``place`` is file and line, for errors.
    """
    captions: list[str] = []
    metadata: dict[str, MetadataValue] = {}
    for name, value in fields.items():
        if name == columns.caption or (name == "captions" and columns.caption == "caption"):
            captions.extend(_captions(value, name, place))
        elif name not in (columns.image, columns.id, columns.group) and (plain := _plain(value)) is not None:
            metadata[name] = plain
    return Record(
        id=_key(fields.get(columns.id), columns.id, place),
        image=image,
        captions=tuple(dict.fromkeys(captions)),
        group=_key(fields.get(columns.group), columns.group, place),
        metadata=metadata,
    )


def captions_in(fields: Mapping[str, Any], columns: Columns) -> Columns | None:
    """``columns`` with the key that holds the captions of a JSON object, the first that is not empty; None where no key may."""
    if columns.caption != "caption":
        return columns if columns.caption in fields else None
    filled = {key for key, value in fields.items() if value and value == value}  # NaN is not equal to itself
    if filled & {"caption", "captions"}:
        return columns
    keys = [key for key in _OTHER_KEYS if key in fields]
    if not keys:
        return columns if "caption" in fields or "captions" in fields else None
    return replace(columns, caption=next((key for key in keys if key in filled), keys[0]))


def not_understood(path: Path, fields: Mapping[str, Any], columns: Columns) -> Skipped:
    """The entry of a JSON in which no key may hold a caption."""
    keys = ", ".join(list(fields)[:8]) or "none"
    known = "caption, text or description" if columns.caption == "caption" else columns.caption
    return Skipped(path, "caption not understood", f"none of its keys is {known}; its keys are {keys}")


def parse_object(text: str, place: str) -> dict[str, Any]:
    """``text`` as one JSON object."""
    try:
        value = json.loads(text, parse_int=_whole_number)
    except json.JSONDecodeError as problem:
        raise MalformedSource(f"{place}: not JSON ({problem.msg} at column {problem.colno})") from None
    except RecursionError:
        raise MalformedSource(f"{place}: JSON that is nested too deeply") from None
    if not isinstance(value, dict):
        raise MalformedSource(f'{place}: {_kind(value)} where a JSON object like {{"image": "a.jpg"}} was expected')
    return value


def _whole_number(digits: str) -> int | str:
    """A number as long as Python reads one; digits beyond that are kept as text."""
    return int(digits) if len(digits) <= 4000 else digits


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _captions(value: object, name: str, place: str) -> list[str]:
    given: list[object] = value if isinstance(value, list) else written_list(value) or [value]
    values = [item for item in given if item is not None and not _is_nan(item)]
    texts = [item.strip() for item in values if isinstance(item, str)]
    if len(texts) < len(values):
        raise MalformedSource(f"{place}: {name!r} must be a text or a list of texts")
    return [text for text in texts if text]


def _key(value: object, name: str, place: str) -> str | None:
    """An id or a group: a text or a whole number; also one that pandas made a float because others of its column are missing."""
    if value is None or value == "" or _is_nan(value):
        return None
    if isinstance(value, float) and value.is_integer():
        if abs(value) >= 2**53:
            raise MalformedSource(
                f"{place}: {name!r} is {value:.17g}, a float that has lost its last digits; write the column as text, with pandas: "
                f"astype('Int64') or read_csv(dtype={{{name!r}: str}})"
            )
        return str(int(value))
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value).strip() or None
    raise MalformedSource(f"{place}: {name!r} must be a text or a whole number")


def _is_nan(value: object) -> bool:
    """pandas' sign for nothing."""
    return isinstance(value, float) and math.isnan(value)


def _plain(value: object) -> MetadataValue | None:
    """A value to keep as metadata; ``None`` for an empty one.

    What is nested deeper than a list is kept as JSON text.
    """
    if value is None or value == "" or _is_nan(value):
        return None
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, list) and all(isinstance(item, (str, bool, int, float)) for item in value):
        return tuple(item if isinstance(item, str) else json.dumps(item) for item in value) or None
    return json.dumps(value, ensure_ascii=False)
