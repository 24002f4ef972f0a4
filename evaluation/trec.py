"""Runs and judgments in the files that trec_eval, ranx and ir_measures read. Pure, but for the files.

A run has lines ``query Q0 document rank score tag``, judgments ``query 0 document grade``. Fields end at white space, so that of an
id's white space, and its percent signs, percent escapes are made, and undone on reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from clipseek.files.whole import write_whole

from .errors import EvaluationError

_ESCAPED = re.compile(r"[\s%]")


def escaped(name: str) -> str:
    """An id without white space."""
    return _ESCAPED.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), name)


def write_run(path: Path, run: Iterable[tuple[str, Sequence[str], Sequence[float]]], *, tag: str = "clipseek") -> None:
    """Write (query, documents best first, their scores) as a run file, whole or not at all.

    Readers sort by score, not by rank, in single precision, and break ties by id. So that they see our order, a score that is not
    below the one before is written as the next smaller number.
    """
    lines = []
    for query, documents, scores in run:
        last = np.float32(np.inf)
        for rank, (document, score) in enumerate(zip(documents, scores, strict=True), 1):
            last = min(np.float32(score), np.nextafter(last, np.float32(-np.inf)))
            lines.append(f"{escaped(query)} Q0 {escaped(document)} {rank} {float(last):.9g} {escaped(tag)}\n")
    _write(path, lines)


def write_qrels(path: Path, judgments: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    """Write (query, id to grade) as judgments, whole or not at all."""
    _write(
        path,
        [
            f"{escaped(query)} 0 {escaped(name)} {grade}\n"
            for query, grades in judgments
            for name, grade in grades.items()
        ],
    )


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Query to id to grade. Raises EvaluationError for a file that cannot be read, or is not so, with its line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise EvaluationError(f"{path} cannot be read ({problem}); give lines of: query 0 id grade") from None
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(lines, 1):
        parts = line.split()
        if not parts:
            continue
        try:
            query, _, name, grade = parts
            found.setdefault(unquote(query), {})[unquote(name)] = int(grade)
        except ValueError:
            raise EvaluationError(f"{path}:{number} is not query, 0, id, grade: {line[:80]!r}") from None
    return found


def _write(path: Path, lines: Sequence[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(lines))
    except OSError as problem:
        raise EvaluationError(f"{path} cannot be written ({problem.strerror}); name another place") from None
