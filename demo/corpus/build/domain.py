"""The domain corpus: monochrome line icons, as foreign to the base model as X-rays, and searched for every day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from clipseek.demo.concepts import words

from .captions import Thesaurus, readable, tag_words
from .general import SETS, Candidate
from .iconify import read_set

# ``line``: set -> which of its names are line icons, what to cut from them, at most so many in the shipped part. ``more_line``: only
# in the full corpus, more hands for the same concepts.
SHIPPED_CAPS: dict[str, int] = {name: cap for name, (_, _, cap) in SETS["line"].items()}
_BRAND = re.compile(r"(^|-)(brand|logo|social)(-|$)|-logo$|^(logo|brand)s?-")
_LETTER = re.compile(r"^(letter|number|square|circle|hexagon|roman|alpha|numeric|sort|box)-([a-z0-9]|\d+)(-|$)")


def domain_candidates(icons: Path, book: Thesaurus, full: bool) -> Iterator[Candidate]:
    """Every line icon, set by set; with ``full`` also of the sets that the shipped part leaves out."""
    for name, (wanted, cut, *_) in {**SETS["line"], **(SETS["more_line"] if full else {})}.items():
        pattern, suffix = re.compile(wanted), re.compile(cut) if cut else None
        for drawing in read_set(icons / f"{name}.json"):
            if not pattern.search(drawing.name) or _BRAND.search(drawing.name) or _LETTER.search(drawing.name):
                continue
            stem = suffix.sub("", drawing.name) if suffix else drawing.name
            tokens = words(stem)
            if not tokens or len("".join(tokens)) < 3 or all(token.isdigit() for token in tokens):
                continue
            title = readable(tokens)
            others = [" ".join(words(suffix.sub("", other) if suffix else other)) for other in drawing.names]
            categories = [tag for category in drawing.categories for tag in tag_words(category)]
            yield Candidate(drawing, title, (*others, *book.tags(title), *categories), "icon")
