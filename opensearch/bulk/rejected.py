"""Documents that a server refused, kept in a file, whole, so that they can be sent again without being encoded again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
from clipseek.files.text import without_surrogates
from clipseek.files.whole import naming, write_whole

from ..errors import InvalidOption
from .actions import Answered


@dataclass(frozen=True)
class Letter:
    """A refused document: for which alias and model, its id, its file, what was to be done, the document or its changes, and why
    it was refused.
    """

    alias: str
    fingerprint: str
    id: str
    file: str
    kind: str
    document: dict[str, Any]
    reason: str

    def line(self) -> bytes:
        """As it stands in the file."""
        return orjson.dumps(vars(self)) + b"\n"


class DeadLetters:
    """Appends refused documents to ``path``; the file is made with the first. ``None``: they are only counted."""

    def __init__(self, path: Path | None, alias: str, fingerprint: str) -> None:
        self.path, self._alias, self._fingerprint = path, alias, fingerprint
        self._file: IO[bytes] | None = None

    def write(self, answer: Answered, file: str) -> None:
        """Keep the document of a refused action of ``file``."""
        if self.path is None or answer.action.kind == "delete":
            return
        if self._file is None:
            self._file = self.path.open("ab")
        document = orjson.loads(answer.action.body.split(b"\n", 2)[1])
        letter = Letter(
            self._alias,
            self._fingerprint,
            answer.action.id,
            without_surrogates(file),
            answer.action.kind,
            document.get("doc", document) if answer.action.kind == "update" else document,
            answer.reason,
        )
        with naming(self.path):
            self._file.write(letter.line())
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def read_letters(path: Path) -> Iterator[Letter]:
    """The documents in ``path``, of each id the last. Raises InvalidOption for a file that is none of ours."""
    offsets: dict[tuple[str, str], int] = {}
    try:
        with path.open("rb") as stream:
            position = 0
            for number, line in enumerate(stream, 1):
                letter = _letter(line, path, number)
                offsets[letter.alias, letter.id] = position
                position += len(line)
            for offset in sorted(offsets.values()):
                stream.seek(offset)
                yield _letter(stream.readline(), path, 0)
    except OSError as problem:
        raise InvalidOption(f"{path} cannot be read: {problem.strerror}") from None


def _letter(line: bytes, path: Path, number: int) -> Letter:
    try:
        return Letter(**orjson.loads(line))
    except (orjson.JSONDecodeError, TypeError):
        raise InvalidOption(
            f"{path} line {number} is no refused document; give the file that ingest wrote (rejected.jsonl)"
        ) from None


def replace_letters(path: Path, letters: list[Letter]) -> None:
    """Leave ``letters`` alone in ``path``; without any, remove it."""
    if letters:
        write_whole(path, b"".join(letter.line() for letter in letters))
    else:
        path.unlink(missing_ok=True)
