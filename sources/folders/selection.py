"""Which files of a folder are meant: patterns against their paths below it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import SourceError
from ..record import Record, Skipped


@dataclass(frozen=True)
class Selection:
    """Files to leave out, and the only ones to take, by patterns: ``*``, ``?`` and ``[a-z]`` within one name, ``**`` across
    folders. A pattern without a slash is held against each name of a path, another against the whole path; where a folder
    matches, all that is in it does. A slash at the end: folders only.
    """

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.exclude or self.include)

    @cached_property
    def _excluded(self) -> list[_Pattern]:
        return [_Pattern(text) for text in self.exclude]

    @cached_property
    def _included(self) -> list[_Pattern]:
        return [_Pattern(text) for text in self.include]

    def left_out(self, relative: str, *, is_folder: bool = False) -> tuple[str, str] | None:
        """Kind and reason why the file or folder is left out, or None. Raises SourceError for a pattern that is none."""
        for pattern in self._excluded:
            if pattern.matches(relative, is_folder):
                return "excluded", f"left out by --exclude {pattern.text}"
        if self._included and not is_folder and not any(pattern.matches(relative, False) for pattern in self._included):
            return "not included", "matches no --include"
        return None

    def of(self, entries: Iterable[Record | Skipped], folder: Path) -> Iterator[Record | Skipped]:
        """``entries`` with those pictures as skipped that are left out."""
        for entry in entries:
            why = self.left_out(below(entry.image, folder)) if isinstance(entry, Record) else None
            yield Skipped(entry.image, *why) if why and isinstance(entry, Record) else entry


def below(path: Path, folder: Path) -> str:
    """``path`` relative to ``folder``, with slashes; a path elsewhere as it is."""
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return path.as_posix()


class _Pattern:
    def __init__(self, text: str) -> None:
        self.text = text
        bare = text.removeprefix("./")
        self._folders_only = bare.endswith("/")
        self._whole = "/" in bare.rstrip("/")
        if not bare.strip("/"):
            raise SourceError(f"pattern {text!r} matches nothing; write one like '*_thumb.jpg' or 'previews/'")
        self._expression = _expression(unicodedata.normalize("NFC", bare.strip("/")), text)

    def matches(self, relative: str, is_folder: bool) -> bool:
        names = unicodedata.normalize("NFC", relative).split("/")
        parts = len(names) if is_folder or not self._folders_only else len(names) - 1
        paths = ("/".join(names[: end + 1]) if self._whole else names[end] for end in range(parts))
        return any(self._expression.fullmatch(path) for path in paths)


_PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _expression(pattern: str, text: str) -> re.Pattern[str]:
    pieces = []
    for piece in _PIECES.findall(pattern):
        if piece in _MEANINGS:
            pieces.append(_MEANINGS[piece])
        elif len(piece) > 1:
            inside = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            pieces.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
        else:
            pieces.append(re.escape(piece))
    try:
        return re.compile("".join(pieces), re.DOTALL)
    except re.error as problem:
        raise SourceError(f"pattern {text!r} is none: {problem.msg}") from None
