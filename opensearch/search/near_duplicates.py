"""One hit of pictures that are the same file, or that look nearly the same. Pure.

A look, the field of the index, is a picture's appearance (``protocols.Picture``). Two pictures look nearly the same where their
hashes differ in at most HASH_BITS of 64 bits and no cell of their small copies by more than COPY_STEPS of 255: a picture saved
again, in another size, a little brighter. The limits are the encoder's own (encoder/pictures/perceptual_hash.py); a test holds
them together.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 8
LOOK_BYTES = 200
HASH_BITS = 3
COPY_STEPS = 20


def first_of_each(rows: Sequence[Mapping[str, Any]], near: bool = False) -> list[Mapping[str, Any]]:
    """The rows without those whose picture has the same bytes as one before, or, ``near``, nearly the look of one that stays."""
    seen: set[str] = set()
    kept: list[Mapping[str, Any]] = []
    looks = _Looks(len(rows)) if near else None
    for row in rows:
        content = str(row["_source"].get("content_hash") or row["_id"])
        if content in seen:
            continue
        seen.add(content)
        if looks is None or looks.is_new(str(row["_source"].get("look") or "")):
            kept.append(row)
    return kept


class _Looks:
    """Those of the pictures that stay; room for ``most``."""

    def __init__(self, most: int) -> None:
        self._hashes = np.zeros((most, HASH_BYTES), np.uint8)
        self._copies = np.zeros((most, LOOK_BYTES - HASH_BYTES), np.int16)
        self._count = 0

    def is_new(self, encoded: str) -> bool:
        """Whether nothing looks like it so far; then it stays. ``encoded``: base64."""
        look = _bytes(encoded)
        if look is None:
            return True
        small, copy = look[:HASH_BYTES], look[HASH_BYTES:].astype(np.int16)
        apart = np.bitwise_count(self._hashes[: self._count] ^ small).sum(1)
        near = np.flatnonzero(apart <= HASH_BITS)
        if len(near) and (np.abs(self._copies[near] - copy) <= COPY_STEPS).all(1).any():
            return False
        self._hashes[self._count], self._copies[self._count] = small, copy
        self._count += 1
        return True


def _bytes(encoded: str) -> NDArray[np.uint8] | None:
    """(200,) uint8; None for what is no look. The server answers without the padding."""
    try:
        look = np.frombuffer(base64.b64decode(encoded + "=="), np.uint8)
    except ValueError:
        return None
    return look if len(look) == LOOK_BYTES else None
