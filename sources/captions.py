"""From bytes to captions: the encodings that say what they are, and where a line ends, the same in every source."""

from __future__ import annotations

import codecs
import unicodedata

from .errors import MalformedSource

#: Of a text's first bytes, the encoding that they say; a text without them is UTF-8.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_FIRST_BYTES = tuple(mark for mark, _ in _MARKS)
_LOOKED_AT = 400


def encoding_of(start: bytes, place: str) -> tuple[bytes, str]:
    """The byte order mark that ``start`` begins with, and the encoding; without a mark UTF-16 where every other byte is zero, else
    UTF-8. Raises MalformedSource for UTF-32."""
    mark, encoding = b"", "utf-8"
    if start.startswith(_FIRST_BYTES):
        mark, encoding = next((entry for entry in _MARKS if start.startswith(entry[0])), (mark, encoding))
    if not mark and b"\0" in start:
        encoding = _without_mark(start[:_LOOKED_AT])
    if encoding == "utf-32":
        raise MalformedSource(f"{place} is UTF-32; save it as UTF-8")
    return mark, encoding


def _without_mark(start: bytes) -> str:
    """Latin letters in UTF-16: the upper bytes are zero, the lower ones are not."""
    upper_first, lower_first = start[0::2], start[1::2]
    for zeros, others, encoding in ((lower_first, upper_first, "utf-16-le"), (upper_first, lower_first, "utf-16-be")):
        if len(start) >= 8 and 0 not in others and zeros.count(0) >= 0.8 * len(zeros):
            return encoding
    return "utf-8"


def decoded(data: bytes, place: str) -> str:
    """``data`` as text: UTF-8, with or without a byte order mark, or UTF-16 with one. Raises MalformedSource for any other:
    what a wrong guess makes of it would be searched for in vain."""
    mark, encoding = encoding_of(data, place)
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as problem:
        name = "UTF-8" if encoding == "utf-8" else "UTF-16, though it begins like it"
        raise MalformedSource(f"{place} is not {name} (byte {problem.start + len(mark)}); save it as UTF-8") from None
    check_is_text(text, place)
    return text


def check_is_text(text: str, place: str) -> None:
    """Raise MalformedSource for zero bytes: UTF-16 without a mark passes for UTF-8 that has them."""
    if "\0" in text:
        raise MalformedSource(
            f"{place} holds zero bytes, as UTF-16 without a mark and files that are no text do; save it as UTF-8"
        )


def whole_caption(text: str) -> list[str]:
    """All of ``text`` as one caption, its lines joined by blanks; none where it is blank."""
    return [" ".join(found)] if (found := caption_lines(text)) else []


def caption_lines(text: str) -> list[str]:
    """One caption a line, without blank ones. A line ends at \\n or \\r\\n alone, not at the many marks of ``str.splitlines``:
    U+2028, U+0085 and a vertical tab stand inside captions that were copied from web pages and slides."""
    return [line for line in map(str.strip, text.split("\n")) if line]


#: Letters and symbols that draw nothing: Hangul's and Braille's blanks, the place of an object that was not copied.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc")


def shows(text: str) -> bool:
    """False for a text in which nothing is seen: white space, zero-width and control characters, marks alone, fillers."""
    if text[:1].isascii() and text[:1].isalnum():  # nearly every caption
        return True
    return any(char not in _FILLERS and _is_drawn(unicodedata.category(char)) for char in text)


def _is_drawn(category: str) -> bool:
    """Private characters (Co) too: a font of its own may draw them."""
    return category == "Co" or category[0] not in "CMZ"
