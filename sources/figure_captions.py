"""Captions of figures without what says nothing of the picture: the figure's number, panel letters, references, entities, LaTeX."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from .captions import shows
from .record import Record, Skipped

#: The metadata of a cleaned record that has its captions as they were.
ORIGINAL = "caption_original"
EXAMPLES = 5

_NUMBER = r"(?:S?\d+(?:\.\d+)*|[IVX]+)(?:\s?[A-Za-z](?![A-Za-z]))?(?:\s?[-–,&]\s?(?:\d+|[A-Za-z](?![A-Za-z])))*"
_FIGURE = re.compile(
    rf"^\s*(?:\((?:fig(?:ure)?s?)\.?\s*{_NUMBER}\)|(?:supplementary\s+)?fig(?:ure)?s?\.?\s*{_NUMBER})\s*[.:)|–—-]*\s*",
    re.IGNORECASE,
)
_PANEL = r"[A-Za-z](?:\s?[-–,&]\s?[A-Za-z]|\s?\d)*"
_PANELS = re.compile(rf"(?<![\w)])\(\s?{_PANEL}\s?\)[:.]?(?=\s|$)|^\s*[A-Ha-h]\)\s+|^\s*[A-H][.:]\s+(?=[A-Z])")
_NAMES = r"[A-Z][\w'’.-]+(?:\s(?:and|&|et)\s[A-Z][\w'’.-]+|\set\sal\.?)?"
_YEAR = r"(?:19|20)\d\d[a-z]?"
_REFERENCES = re.compile(
    r"\s*\[\s?\d{1,3}(?:\s?[-–,;]\s?\d{1,3})*\s?\]"
    rf"|\s*\(\s?(?:(?:see|from|adapted from|modified from)\s)?{_NAMES},?\s\(?{_YEAR}\)?(?:;\s?{_NAMES},?\s{_YEAR})*\s?\)"
)
_LATEX = (
    (re.compile(r"\\(?:text(?:bf|it|rm|sc|tt|up)?|math(?:rm|bf|it|cal)|emph|mbox)\s?\{([^{}]*)\}"), r"\1"),
    (re.compile(r"~?\\(?:cite[pt]?|ref|label|footnote|eqref)\*?(?:\[[^\]]*\])*\{[^{}]*\}"), ""),
    (re.compile(r"\$([^$]{1,80})\$"), r"\1"),
    (re.compile(r"\\([%&_#$ ])"), r"\1"),
)
_TAG = re.compile(r"</?(?:b|i|em|strong|sub|sup|br|p|span|italic|bold|xref)(?:\s[^<>]*)?/?>", re.IGNORECASE)


def cleaned_caption(text: str) -> tuple[str, list[str]]:
    """The caption without those parts, and which kinds there were. A caption of which nothing would be left stays as it is."""
    kinds: list[str] = []

    def step(kind: str, made: str) -> str:
        if made != now:
            kinds.append(kind)
        return made

    now = text
    now = step("entities and tags", _TAG.sub("", html.unescape(now)))
    latex = now
    for pattern, into in _LATEX:
        latex = pattern.sub(into, latex)
    now = step("LaTeX", latex)
    now = step("figure numbers", _FIGURE.sub("", now))
    now = step("references", _REFERENCES.sub("", now))
    now = step("panel letters", _PANELS.sub("", now))
    now = re.sub(r"\s+([.,;:])", r"\1", " ".join(now.split())).lstrip(".,;: ")
    return (now, kinds) if kinds and shows(now) and any(map(str.isalnum, now)) else (text, [])


@dataclass
class Cleaning:
    """What was cleaned in a pass: ``captions`` changed of ``of``, by ``kinds``; the first (before, after) as ``examples``."""

    captions: int = 0
    of: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str]] = field(default_factory=list)

    def through(self, entries: Iterator[Record | Skipped]) -> Iterator[Record | Skipped]:
        """``entries`` with cleaned captions; a record that had others keeps them in its metadata as ``ORIGINAL``."""
        for entry in entries:
            yield self._record(entry) if isinstance(entry, Record) else entry

    def _record(self, record: Record) -> Record:
        self.of += len(record.captions)
        made = []
        for text in record.captions:
            clean, kinds = cleaned_caption(text)
            made.append(clean)
            if kinds:
                self.captions += 1
                self.kinds.update(kinds)
                if len(self.examples) < EXAMPLES:
                    self.examples.append((text, clean))
        if tuple(made) == record.captions:
            return record
        original = record.captions[0] if len(record.captions) == 1 else record.captions
        return replace(record, captions=tuple(dict.fromkeys(made)), metadata={**record.metadata, ORIGINAL: original})

    def lines(self) -> list[str]:
        """For a person. To be asked after the pass."""
        kinds = "".join(f", {number:,} with {kind}" for kind, number in self.kinds.most_common())
        said = [f"{self.captions:,} of {self.of:,} captions cleaned{kinds}"]
        return said + [f"  {_short(before)!r} -> {_short(after)!r}" for before, after in self.examples]


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
