"""A caption as it is stored: composed, and no longer than a search can mark. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from clipseek.files.text import canonical

#: The longest caption in bytes of UTF-8: Lucene's longest term, which an analyzer may make of a whole caption. Whole pages of text
#: have less; a search marks the words in all of it.
MAX_CAPTION_BYTES = 32_766


def stored_caption(captions: Sequence[str]) -> tuple[str, int]:
    """All ``captions``, one a line, and how many bytes of them were left out behind MAX_CAPTION_BYTES, at whole characters."""
    whole = canonical("\n".join(captions))
    data = whole.encode()
    if len(data) <= MAX_CAPTION_BYTES:
        return whole, 0
    kept = data[:MAX_CAPTION_BYTES].decode(errors="ignore").rstrip()
    return kept, len(data) - len(kept.encode())


def stored_captions(captions: Sequence[str]) -> tuple[tuple[str, ...], str, int]:
    """What of each caption is stored, and all of them as ``stored_caption`` gives them."""
    whole, cut = stored_caption(captions)
    if not cut:
        return tuple(map(canonical, captions)), whole, 0
    return tuple(filter(None, whole.split("\n"))), whole, cut
