"""Titles and tags: what a name says, what the packages' metadata adds."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from clipseek.demo.concepts import concept_of, words

_LISTS: dict[str, list[str]] = json.loads(files("clipseek.demo.corpus").joinpath("words.json").read_text("utf-8"))
_NUMBER_MATTERS = frozenset(_LISTS["number_matters"])
_ACRONYMS = frozenset(_LISTS["acronyms"])
_SPLIT_CATEGORY = re.compile(r"(?<=[a-z])(?=[A-Z])|[/&,_-]| and ")
_VAGUE = frozenset(_LISTS["vague"])


def readable(tokens: Sequence[str]) -> str:
    """A title of `tokens`: first letter large, acronyms in capitals, a counting number at the end left out."""
    kept = list(tokens)
    if len(kept) > 1 and kept[-1].isdigit() and int(kept[-1]) <= 30 and not _NUMBER_MATTERS.intersection(kept):
        kept.pop()
    kept = [t.upper() if t in _ACRONYMS else t for t in kept]
    text = " ".join(kept)
    return text[:1].upper() + text[1:]


def tag_words(category: str) -> list[str]:
    """The telling parts of a category name: `FoodDrink` → food, drink; `UI 24px` and the like → nothing."""
    parts = [" ".join(words(part)) for part in _SPLIT_CATEGORY.split(category)]
    return [p for p in parts if p and p not in _VAGUE and not any(c.isdigit() for c in p)]


def caption_of(title: str, tags: Iterable[str], limit: int = 8) -> str:
    """`title: tag, tag`, tags that add a word to what is already there, at most `limit`."""
    seen = set(concept_of(title).split())
    kept: list[str] = []
    for tag in tags:
        tag = " ".join(tag.replace("\n", " ").split()).strip(" .,;:").lower()
        key = set(concept_of(tag).split()) if tag else set()
        if not tag or len(tag) > 40 or "http" in tag or key <= seen:
            continue
        kept.append(tag)
        seen |= key
        if len(kept) == limit:
            break
    return f"{title}: {', '.join(kept)}" if kept else title


class Thesaurus:
    """Tags by concept, gathered from the sets that have good ones and offered to the sets that have none."""

    def __init__(self) -> None:
        self._tags: dict[str, list[str]] = defaultdict(list)

    def add(self, title: str, tags: Iterable[str]) -> None:
        known = self._tags[concept_of(title)]
        known.extend(t for t in tags if t not in known)

    def tags(self, title: str) -> list[str]:
        return self._tags.get(concept_of(title), [])

    @classmethod
    def read(cls, *, tabler: Path, lucide: Path, mdi: Path) -> Thesaurus:
        """From the unpacked packages @tabler/icons, lucide-static and @mdi/svg."""
        book = cls()
        for name, tags in json.loads((lucide / "tags.json").read_text()).items():
            book.add(" ".join(words(name)), tags)
        for name, icon in json.loads((tabler / "icons.json").read_text()).items():
            tags = [str(t) for t in icon.get("tags", [])]
            book.add(" ".join(words(name)), [*tags, *tag_words(icon.get("category", ""))])
        for icon in json.loads((mdi / "meta.json").read_text()):
            categories = [word for tag in icon["tags"] for word in tag_words(tag)]
            book.add(" ".join(words(icon["name"])), [*(" ".join(words(a)) for a in icon["aliases"]), *categories])
        return book


class Emoji:
    """Labels and keywords of emoji by code point or by any name a set gives them (emojibase-data)."""

    def __init__(self, data: Path) -> None:
        """`data`: the unpacked package emojibase-data."""
        self._by_code: dict[str, tuple[str, list[str]]] = {}
        self._by_name: dict[str, str] = {}
        rows = json.loads((data / "en" / "data.json").read_text())
        for row in rows:
            code = self._bare(row["hexcode"])
            self._by_code[code] = (row["label"], row.get("tags", []))
            self._learn(row["label"], code)
            points = [int(p, 16) for p in row["hexcode"].split("-") if p != "FE0F"]
            if len(points) == 1:
                self._learn(unicodedata.name(chr(points[0]), ""), code)
            if row["label"].startswith("flag: "):
                country = row["label"][6:]
                for form in (f"flag for {country}", f"flag {country}", f"{country} flag", f"flag of {country}"):
                    self._learn(form, code)
                if len(points) == 2:
                    self._by_name.setdefault("iso:" + "".join(chr(p - 0x1F1E6 + 97) for p in points), code)
        for file in ("emojibase", "cldr", "iamcal", "github", "joypixels"):
            path = data / "en" / "shortcodes" / f"{file}.json"
            for hexcode, names in json.loads(path.read_text()).items():
                code = self._bare(hexcode)
                if code in self._by_code:
                    for name in [names] if isinstance(names, str) else names:
                        self._learn(name, code)

    @staticmethod
    def _bare(hexcode: str) -> str:
        return "-".join(p for p in hexcode.upper().split("-") if p != "FE0F")

    @staticmethod
    def _squeezed(name: str) -> str:
        return re.sub(r"[\W_]+", "", name.lower())

    def _learn(self, name: str, code: str) -> None:
        if name:
            self._by_name.setdefault(self._squeezed(name), code)

    def learn(self, name: str, hexcode: str) -> None:
        """Another set's name of the emoji `hexcode`."""
        code = self._bare(hexcode)
        if code in self._by_code:
            self._learn(name, code)

    def country(self, iso: str) -> tuple[str, list[str]] | None:
        """Label and keywords of the flag of a two-letter country code."""
        code = self._by_name.get("iso:" + iso.lower())
        return self._by_code[code] if code else None

    def find(self, name: str) -> tuple[str, list[str]] | None:
        """Label and keywords of the emoji that a set calls `name`; a counting suffix is ignored when nothing else matches."""
        code = self._by_name.get(self._squeezed(name)) or self._by_name.get(self._squeezed(re.sub(r"-\d+$", "", name)))
        return self._by_code[code] if code else None
