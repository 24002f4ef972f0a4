"""Pixels as they are shown, of a whole picture or of a band of its rows, before it is turned upright."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Painted:
    """``picture``: RGB. ``met``: by its rules, ``facts``: what decided it in words, but for ``through``: how much of it shows the
    background, 0 to 1; None where nothing of it is transparent."""

    picture: Image.Image
    met: frozenset[str]
    facts: tuple[str, ...]
    through: float | None
