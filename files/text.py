"""Text that fits where it goes: a reason into a message, any string into UTF-8, rows into a table."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence


def reason_of(problem: BaseException) -> str:
    """What another library's error says, on one line of at most 200 characters that fits into ours."""
    return " ".join(str(problem).split())[:200] or type(problem).__name__


#: Turn the direction of what follows, or isolate it: a file name shown so reads as another.
_TURNING = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str, *, one_line: bool = False) -> str:
    """``text`` for a terminal: what would drive it (control characters) or turn what is shown (directions) as ``\\x1b`` and so on.

    Line ends and tabs stay, unless ``one_line``. Emoji and joined letters stay, too: their joiners move nothing.
    """
    if text.isprintable():
        return text
    kept = "" if one_line else "\n\t"
    return "".join(char if char in kept or not _drives(char) else _escaped(char) for char in text)


def _drives(char: str) -> bool:
    return char in _TURNING or unicodedata.category(char) in ("Cc", "Cs")


def _escaped(char: str) -> str:
    return repr(char)[1:-1] if char in "\n\r\t" else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


def without_surrogates(text: str) -> str:
    """``text`` with question marks for lone surrogates (odd file names, broken JSON), which UTF-8 and JSON cannot carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def canonical(text: str) -> str:
    """``text`` as it is stored and as it is searched for: composed (Unicode's NFC), so that é is é however it was typed, and
    ``without_surrogates``.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", without_surrogates(text))


def aligned(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int], rule: bool = False
) -> list[str]:
    """The lines of a table: columns two blanks apart, those at the indexes ``right`` flush right, no blanks at an end.

    ``rule`` underlines the names. What is in a cell is put on one line.
    """
    table = [list(names), *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(names))]
    if rule:
        table.insert(1, ["-" * width for width in widths])
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
