"""Keywords: texts that are filtered, sorted and counted as they are. Pure."""

from __future__ import annotations

from clipseek.files.text import canonical

#: Of UTF-16, as the server counts (``ignore_above`` in the mapping). At most 4 bytes each, they stay below Lucene's limit of
#: 32,766 bytes for one term.
LONGEST = 8191


def keyword(text: str) -> str:
    """``text`` as the index and a filter have it: every value of a keyword field passes here, on both sides."""
    return canonical(text)


def is_too_long(text: str) -> bool:
    """Whether the server keeps ``text``, and indexes it neither for filters nor for facets."""
    return len(text) > LONGEST // 2 and len(text) + sum(character > "\uffff" for character in text) > LONGEST
