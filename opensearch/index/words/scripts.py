"""Which analyzer the script of a source's captions calls for, told by its first ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from clipseek.sources import Record, Skipped, SourceError

from .analysis import ANALYZERS

#: Entries of a source that are looked at; what share of their captions, and of a caption's letters, decides.
SAMPLE, SHARE = 200, 1 / 3
#: Of each analyzer that cuts a script without blanks into words: the script's letters, its name, and what others do with it.
_SCRIPTS = {
    "cjk": (
        re.compile(
            "[\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
            "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U000323af]"
        ),
        "Chinese, Japanese or Korean",
        "makes a word of each character, or of all between two blanks",
    ),
    "thai": (re.compile("[\u0e01-\u0e4e]"), "Thai", "makes one word of all between two blanks"),
}


def advised(entries: Iterator[Record | Skipped], analyzer: str) -> tuple[Iterator[Record | Skipped], str]:
    """All ``entries``, of which the first SAMPLE are read, and one line of advice where their captions want another analyzer than
    ``analyzer``, else nothing.
    """
    first, every = looked_at(entries)
    return every, advice((caption for record in first for caption in record.captions), analyzer)


def looked_at(entries: Iterator[Record | Skipped]) -> tuple[list[Record], Iterator[Record | Skipped]]:
    """The records among the first SAMPLE ``entries``, and all of these. An error of the source is raised where it stands: what
    comes before it is good."""
    first: list[Record | Skipped] = []
    problem: SourceError | None = None
    try:
        first.extend(islice(entries, SAMPLE))
    except SourceError as broken:
        problem = broken

    def every() -> Iterator[Record | Skipped]:
        yield from first
        if problem is not None:
            raise problem
        yield from entries

    return [entry for entry in first if isinstance(entry, Record)], every()


def advice(captions: Iterable[str], analyzer: str) -> str:
    """One line, where of SHARE of ``captions`` SHARE of the letters are of a script that another analyzer is for."""
    texts = list(captions)
    for better, (letters, script, instead) in _SCRIPTS.items():
        number = sum(len(letters.findall(text)) >= max(1, SHARE * sum(map(str.isalpha, text))) for text in texts)
        if analyzer in ANALYZERS and analyzer != better and number and number >= SHARE * len(texts):
            return (
                f"{number:,} of the first {len(texts):,} captions are in {script}, of which analyzer {analyzer} {instead}; for an "
                f"index that finds their words, stop now and use --analyzer {better}"
            )
    return ""
