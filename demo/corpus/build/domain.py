"""The domain corpus: monochrome line icons, as foreign to the base model as X-rays, and searched for every day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from clipseek.demo.concepts import words

from .captions import Thesaurus, readable, tag_words
from .general import Candidate
from .iconify import read_set

# set: (which of its names are line icons, what to cut from them, at most so many in the shipped part)
LINE_SETS: dict[str, tuple[str, str, int]] = {
    "tabler": (r"^(?!.*-filled$)", "", 2600),
    "lucide": (r"", "", 1800),
    "ph": (r"^(?!.*-(bold|fill|light|thin|duotone)$)", "", 1500),
    "mdi": (r"-outline", "-outline", 1500),
    "hugeicons": (r"", "", 2000),
    "solar": (r"-linear$", "-linear$", 1200),
    "iconoir": (r"^(?!.*-solid$)", "", 1400),
    "carbon": (r"^(?!.*-(filled|glyph)$)", "", 1700),
    "fluent": (r"-24-regular$", "-24-regular$", 1700),
    "material-symbols-light": (r"-outline$|-outline-rounded$", "-outline(-rounded)?$", 1500),
    "icon-park-outline": (r"", "", 1700),
    "ri": (r"-line$", "-line$", 1200),
    "mingcute": (r"-line$", "(-\\d)?-line$", 1200),
    "heroicons": (r"^(?!.*-(solid|16-solid|20-solid)$)", "", 330),
    "mynaui": (r"^(?!.*-solid$)", "", 1000),
    "uil": (r"", "", 900),
    "healthicons": (r"-outline$", "-outline(-24px)?$", 900),
    "streamline-ultimate": (r"^(?!.*-bold$)", "", 900),
}
# Only in the full corpus: more hands for the same concepts.
FULL_SETS: dict[str, tuple[str, str, int]] = {
    "material-symbols": (r"-outline$|-outline-rounded$|-outline-sharp$", "-outline(-rounded|-sharp)?$", 0),
    "ic": (r"^outline-|^sharp-|^round-|^baseline-", "^(outline|sharp|round|baseline)-", 0),
    "iconmind": (r"", "", 0),
    "keyline-icons": (r"", "", 0),
    "reicon": (r"", "", 0),
    "boxicons": (r"", "", 0),
    "bx": (r"", "", 0),
    "bi": (r"^(?!.*-fill$)", "", 0),
    "streamline": (r"", "", 0),
    "streamline-sharp": (r"", "", 0),
    "streamline-flex": (r"", "", 0),
    "streamline-plump": (r"", "", 0),
    "iconamoon": (r"", "", 0),
    "lets-icons": (r"", "", 0),
    "tdesign": (r"^(?!.*-filled$)", "", 0),
    "majesticons": (r"-line$", "-line$", 0),
    "feather": (r"", "", 0),
    "ion": (r"-outline$", "-outline$", 0),
    "line-md": (r"", "", 0),
    "griddy-icons": (r"", "", 0),
    "glyphs": (r"", "", 0),
    "mage": (r"", "", 0),
    "si": (r"", "", 0),
    "ix": (r"", "", 0),
}
_BRAND = re.compile(r"(^|-)(brand|logo|social)(-|$)|-logo$|^(logo|brand)s?-")
_LETTER = re.compile(r"^(letter|number|square|circle|hexagon|roman|alpha|numeric|sort|box)-([a-z0-9]|\d+)(-|$)")


def domain_candidates(icons: Path, book: Thesaurus, full: bool) -> Iterator[Candidate]:
    """Every line icon, set by set; with ``full`` also of the sets that the shipped part leaves out."""
    for name, (wanted, cut, _) in {**LINE_SETS, **(FULL_SETS if full else {})}.items():
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


SHIPPED_CAPS = {name: cap for name, (_, _, cap) in LINE_SETS.items()}
