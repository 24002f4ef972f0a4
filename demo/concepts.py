"""From an icon's name to its words and to its concept, the key that says "the same thing drawn by someone else".

The concept decides two things: which pictures count as right answers for each other's captions, and on which side of the split a picture lies.
It therefore never depends on the set: style words, numbers and the order of the words go, plurals become singulars.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal

Split = Literal["train", "val", "test"]

_LISTS: dict[str, Any] = json.loads(files("clipseek.demo.corpus").joinpath("words.json").read_text("utf-8"))
STYLE_WORDS = frozenset(_LISTS["style_words"])
"""Words that name a drawing style or only join others. `light`, `line`, `round`, `off` are not among them: they also name things."""

SPELLINGS: dict[str, str] = _LISTS["spellings"]
"""Spellings and synonyms so close that two sets differ only by habit."""

COMPOUNDS: dict[str, str] = _LISTS["compounds"]
"""Pairs of words that other sets write as one."""

_KEEP_S = frozenset(_LISTS["keep_s"])
_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)
_NUMBERED = re.compile(r"(?<=[a-z]{4})\d{1,2}$")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def words(text: str) -> list[str]:
    """The words of a name or a title, in lower case: `batteryCharging-2` → `battery`, `charging`, `2`."""
    return _TOKEN.findall(_CAMEL.sub(" ", text).replace("'", "").replace("\u2019", "").lower())


def singular(word: str) -> str:
    """The singular of an English noun, well enough for equal names to meet; not a lemmatiser."""
    if len(word) < 4 or word in _KEEP_S or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "toes")):
        return word[:-2]
    return word[:-1]


def joined(tokens: Sequence[str]) -> list[str]:
    """`tokens` with the pairs of `COMPOUNDS` written as one word."""
    out: list[str] = []
    at = 0
    while at < len(tokens):
        pair = COMPOUNDS.get(f"{tokens[at]} {tokens[at + 1]}") if at + 1 < len(tokens) else None
        out.append(pair or tokens[at])
        at += 2 if pair else 1
    return out


def concept_of(title: str) -> str:
    """The concept of a title: its singular words without style, numbers and order.

    `Shopping cart (outline) 2` and `cart-shopping` are both `cart shopping`. A title that has nothing but numbers and style words keeps all of them.
    """
    tokens = joined([_NUMBERED.sub("", t) for t in words(title)])
    kept = [t for t in tokens if t not in STYLE_WORDS and not t.isdigit()] or tokens
    return " ".join(sorted({SPELLINGS.get(s, s) for s in (singular(t) for t in kept)}))


def split_of(concept: str) -> Split:
    """The side of the split on which a concept lies: 10 % test, 5 % val, the rest train, by its SHA-1."""
    bucket = int.from_bytes(hashlib.sha1(concept.encode(), usedforsecurity=False).digest()[:8], "big") % 1000
    return "test" if bucket < 100 else "val" if bucket < 150 else "train"
