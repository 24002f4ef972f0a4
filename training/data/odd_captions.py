"""Captions that say nothing of their picture: a program's word for nothing, the file's own name, data. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

_NOTHING = frozenset(
    {"nan", "none", "null", "nil", "n/a", "na", "<na>", "nat", "undefined", "unknown", "untitled", "caption", "text"}
    | {"-", "--", "?", "todo", "tbd", "empty", "[]", "{}", "true", "false"}
)
_FILE = re.compile(r"\S+\.(?:jpe?g|png|gif|webp|tiff?|bmp|heic|avif)", re.IGNORECASE)


def odd_caption(text: str, picture: PurePath) -> str | None:
    """What is odd about the caption ``text`` of ``picture``, in words; None for nothing."""
    lowered = text.strip().casefold()
    if lowered in _NOTHING:
        return "a word for nothing"
    if lowered in (picture.name.casefold(), picture.stem.casefold()) or _FILE.fullmatch(text.strip()):
        return "the name of a file"
    if not any(char.isalpha() for char in text):
        return "no letter in it"
    return None


def odd_captions(captions: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """(what is odd, text, how often) of pairs of a picture's name and a caption, the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for name, text in captions:
        if why := odd_caption(text, PurePath(name)):
            counts[why, text.strip()] += 1
    return [(why, text, number) for (why, text), number in counts.most_common()]
