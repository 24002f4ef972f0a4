"""The general corpus: coloured pictures of the world, what the base model is made on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from clipseek.demo.concepts import words

from .captions import Emoji, Thesaurus, readable, tag_words
from .iconify import Drawing, read_set
from .openclipart import read_openclipart

#: The sets by what is taken of them. ``objects``: set -> words at the end of its names that name a style. ``logos``: set -> at most
#: so many of it, for trademarks must not swamp the things of the world. ``line`` and ``more_line``: see domain.py.
SETS: dict[str, Any] = json.loads(files("clipseek.demo.corpus").joinpath("sets.json").read_text("utf-8"))
_LOGO_STYLE = re.compile(
    r"(^file-type-|^folder-type-|^folder-)|(-(icon|dark|light|opened|open|wordmark|original|plain|background|alt|round))+$"
)
_SKIN = re.compile(
    r"skin-tone|(^|-)(light|medium|dark|medium-light|medium-dark)$|-(medium-light|medium-dark)(-|$)|-type-\d"
)
_NOT_SKIN = frozenset({"traffic-light"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A drawing with its title and tags, before anything was looked at."""

    drawing: Drawing
    title: str
    tags: tuple[str, ...]
    kind: str


def _emoji(folder: Path, emoji: Emoji, name: str) -> Iterator[Candidate]:
    data = json.loads((folder / f"{name}.json").read_text())
    for code, icon in data.get("chars", {}).items():
        emoji.learn(icon, code)
    for drawing in read_set(folder / f"{name}.json"):
        if _SKIN.search(drawing.name) and "traffic" not in drawing.name and "bulb" not in drawing.name:
            continue
        found = emoji.find(drawing.name) or next((f for f in map(emoji.find, drawing.names) if f), None)
        categories = [t for c in drawing.categories for t in tag_words(c)]
        if found is None:
            if name == "fxemoji":
                continue
            title, tags = readable(words(drawing.name)), [" ".join(words(n)) for n in drawing.names]
        else:
            title, tags = found[0], list(found[1])
        if title.startswith("flag: "):
            title = "flag of " + title[6:]
        if title.startswith(("keycap", "regional indicator", "input ", "Keycap")) or len(title) < 2:
            continue
        yield Candidate(drawing, title[:1].upper() + title[1:], tuple([*tags, *categories]), "emoji")


def _flags(folder: Path, emoji: Emoji, name: str) -> Iterator[Candidate]:
    for drawing in read_set(folder / f"{name}.json"):
        if name == "flag" and drawing.name.endswith("1x1"):
            continue
        found = emoji.country(drawing.name.split("-4x3")[0])
        if found:
            yield Candidate(
                drawing, "Flag of " + found[0].removeprefix("flag: "), ("flag", "country", *found[1]), "flag"
            )


def _objects(folder: Path, book: Thesaurus, emoji: Emoji, name: str, styles: str) -> Iterator[Candidate]:
    drawings = list(read_set(folder / f"{name}.json"))
    if name == "fluent-color":
        largest: dict[str, Drawing] = {}
        for d in sorted(drawings, key=lambda d: int(d.name.rsplit("-", 1)[1])):
            largest[d.name.rsplit("-", 1)[0]] = d
        drawings = list(largest.values())
    for drawing in drawings:
        tokens = words(drawing.name)
        while len(tokens) > 1 and tokens[-1] in styles.split():
            tokens.pop()
        title = readable(tokens)
        categories = [t for c in drawing.categories for t in tag_words(c)]
        tags = [*(" ".join(words(n)) for n in drawing.names), *book.tags(title), *categories]
        found = emoji.find(title)
        yield Candidate(drawing, title, tuple([*tags, *(found[1] if found else [])]), "object")


def _logos(folder: Path, name: str) -> Iterator[Candidate]:
    for drawing in read_set(folder / f"{name}.json"):
        stem = _LOGO_STYLE.sub("", drawing.name)
        tokens = words(stem)
        if not tokens or len("".join(tokens)) < 3 or "".join(tokens).isdigit():
            continue
        kind = "folder" if "folder" in drawing.name else "file type" if "file-type" in drawing.name else "logo"
        if name in ("token-branded", "cryptocurrency-color"):
            kind = "cryptocurrency"
            if len("".join(tokens)) < 5:
                continue
        title = f"{readable(tokens)} {kind if kind != 'cryptocurrency' else 'coin'}"
        tags = {"logo": ("brand", "company"), "cryptocurrency": ("cryptocurrency", "token")}.get(kind, ("programming",))
        yield Candidate(drawing, title, tags, "logo")


_ITALIAN = re.compile(r"architett|arch_|rolland", re.I)


def _clipart(folder: Path, emoji: Emoji) -> Iterator[Candidate]:
    for drawing in read_openclipart(folder):
        raw = re.sub(r"[_-]\d+$", "", drawing.title or drawing.name)
        title = readable([t for t in words(raw) if not t.isdigit()])
        keywords = [
            k
            for k in drawing.tags
            if 2 < len(k) < 30 and k.lower() not in ("clip art", "clipart", "svg", "unsorted", "icon", "flat icon")
        ]
        if _ITALIAN.search(drawing.name + raw) and keywords:
            title = readable(words(" ".join(keywords[:2])))
        if len(title) < 3:
            continue
        yield Candidate(replace(drawing, title=title), title, tuple(keywords), "clipart")


def candidates(icons: Path, clipart: Path, book: Thesaurus, emoji: Emoji) -> Iterator[Candidate]:
    """Every candidate, set by set. `icons`: folder of iconify's set files; `clipart`: folder of openclipart's SVG files."""
    for name in SETS["emoji"]:
        yield from _emoji(icons, emoji, name)
    yield from _clipart(clipart, emoji)
    for name, styles in SETS["objects"].items():
        yield from _objects(icons, book, emoji, name, styles)
    for name in SETS["flags"]:
        yield from _flags(icons, emoji, name)
    for name in SETS["logos"]:
        yield from _logos(icons, name)
