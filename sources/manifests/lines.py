"""The lines of a manifest as text: decoded one by one, so that a wrong byte has a line number and nothing is held."""

from __future__ import annotations

import codecs
import os
import re
import select
import string
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from clipseek.files.pipes import is_named_pipe

from ..captions import check_is_text, encoding_of
from ..errors import MalformedSource, SourceError, SourceNotFound
from ..record import shown

#: What Windows and Excel write west of the Oder, and the only encoding without a mark that is told by its bytes.
WESTERN = "cp1252"
#: How long a named pipe is waited for.
PIPE_SECONDS = 10.0
_HIGH = re.compile(rb"[\x80-\xff]+")
#: Stand next to letters or between them in Western texts.
_BETWEEN = frozenset("’‘´–—·…“”«»")
_SIGNS = frozenset("’‘“”„‚–—…€£¥§°®©™²³¹½¼¾«»·†‡•¿¡¢ºª\u00a0´`¨ˆ˜")


def lines(path: Path, encoding: str = "", *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """Number and text of each line. ``encoding``: as it was named, else UTF-8, UTF-16 by its mark or its zero bytes, or cp1252
    (``guessed_from``). Raises SourceNotFound, MalformedSource, SourceError for an encoding that is none."""
    if encoding:
        _check_name(encoding)
    try:
        with _opened(path) as stream:
            first = stream.readline()
            mark, told = encoding_of(first, shown(path))
            raws = chain([first[len(mark) :]] if first else [], stream)
            if told != "utf-8" or (encoding and codecs.lookup(encoding).name.startswith("utf-16")):
                texts = _sixteen_bit(path, raws, told if told != "utf-8" else encoding)
            elif encoding and codecs.lookup(encoding).name != "utf-8":
                texts = _named(path, raws, encoding)
            else:
                texts = _eight_bit(path, raws, guess=not (encoding or mark))
            for number, line in enumerate(texts, 1):
                check_is_text(line, f"{shown(path)} line {number}")
                yield number, line if keep_ends else line.rstrip("\r\n")
    except OSError as problem:
        raise SourceNotFound(f"{shown(path)} cannot be read: {problem.strerror}; name a manifest or a folder") from None


def _opened(path: Path) -> BinaryIO:
    """The file; of a named pipe once something comes through it, which is not waited for for ever."""
    if not is_named_pipe(path):
        return path.open("rb")
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    if not waiting.poll(PIPE_SECONDS * 1000):
        os.close(handle)
        raise SourceNotFound(
            f"{shown(path)}: nothing came through this pipe in {PIPE_SECONDS:.0f} s; start what writes into it first, or "
            "give it as <(command)"
        )
    os.set_blocking(handle, True)
    return open(handle, "rb")


def guessed_from(path: Path) -> int | None:
    """The number of the first line that is read as cp1252, because it is no UTF-8; None where there is none."""
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if number == 1 and encoding_of(raw, shown(path)) != (b"", "utf-8"):
                return None
            if raw.isascii():
                continue
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                return number
            return None  # a file with letters of UTF-8 is no other file
    return None


def _check_name(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
        "".encode(encoding)
    except LookupError:
        raise SourceError(
            f"encoding {encoding!r} is not known; name one like utf-8, cp1252, cp1251, gbk or shift_jis"
        ) from None


def _named(path: Path, raws: Iterable[bytes], encoding: str) -> Iterator[str]:
    for number, raw in enumerate(raws, 1):
        try:
            yield raw.decode(encoding)
        except UnicodeDecodeError as problem:
            raise MalformedSource(
                f"{shown(path)} line {number}: not {encoding} (byte {raw[problem.start]:#04x}); name another with --encoding"
            ) from None


def _eight_bit(path: Path, raws: Iterable[bytes], *, guess: bool) -> Iterator[str]:
    western = False
    for number, raw in enumerate(raws, 1):
        if not western:
            try:
                text = raw.decode("utf-8")
                guess = guess and len(text) == len(raw)  # a file with letters of UTF-8 is no other file
                yield text
                continue
            except UnicodeDecodeError as problem:
                byte = f"byte {raw[problem.start]:#04x}"
                if not guess:
                    raise MalformedSource(
                        f"{shown(path)} line {number}: not UTF-8 ({byte}); save the file as UTF-8, or name its encoding with "
                        "--encoding"
                    ) from None
                western = True
        if not is_western(raw):
            raise MalformedSource(
                f"{shown(path)} line {number}: not UTF-8, and of other encodings several are likely; save the file as UTF-8, or "
                "name its encoding: --encoding cp1252, cp1250, cp1251, gbk or shift_jis"
            )
        yield raw.decode(WESTERN)


def is_western(raw: bytes) -> bool:
    """True for a line that reads as cp1252 and hardly as another encoding: there letters beyond ASCII stand alone or in twos, and
    what stands between letters is one, or an apostrophe."""
    if any(len(run) > 2 for run in _HIGH.findall(raw)):
        return False
    try:
        text = raw.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    for place, char in enumerate(text):
        if char < "\x80" or char.isalpha():
            continue
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        goes_on = bool(after) and not after.isspace() and (after not in string.punctuation)
        if char not in _SIGNS or (before.isalpha() and goes_on and char not in _BETWEEN):
            return False
    return True


def _sixteen_bit(path: Path, raws: Iterable[bytes], encoding: str) -> Iterator[str]:
    """``raws`` end where a byte is that of a line's end, which may be in the middle of a character."""
    decoder = codecs.getincrementaldecoder(encoding)()
    number, held = 1, ""
    try:
        for raw in raws:
            *whole, held = (held + decoder.decode(raw)).split("\n")
            for line in whole:
                yield line + "\n"
                number += 1
        held += decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise MalformedSource(
            f"{shown(path)} line {number}: not UTF-16, though the file begins like it; save the file as UTF-8"
        ) from None
    if held:
        yield held
