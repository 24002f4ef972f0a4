"""Words and pictures, wanted and not wanted, as one unit vector. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidOption

Vector = NDArray[np.float32]


def compose(
    text: Vector | None,
    pictures: Sequence[tuple[float, Vector]] = (),
    away: Sequence[tuple[float, Vector]] = (),
    *,
    text_weight: float = 0.5,
    away_weight: float = 0.5,
) -> Vector:
    """The (D,) unit vector of a weighted sum of (D,) unit vectors.

    The words have the share ``text_weight`` and the pictures the rest, each by its own weight; where only one of the two is there,
    it is all. From that sum ``away_weight`` times the mean of what is not wanted, each by its own weight, is subtracted. Raises
    InvalidOption where nothing is left to point anywhere.
    """
    if text is None and not pictures:
        raise InvalidOption("only what is not wanted was given; say what is, in words, with --image or with --like")
    parts: list[Vector] = []
    if text is not None:
        parts.append((text_weight if pictures else 1.0) * text)
    if pictures:
        parts.append((1 - text_weight if text is not None else 1.0) * weighted_mean(pictures))
    if away:
        parts.append(-away_weight * weighted_mean(away))
    total = np.sum(parts, axis=0)
    length = float(np.linalg.norm(total))
    if not np.isfinite(length) or length < 1e-6:
        raise InvalidOption(
            "the parts of the query cancel each other out; leave one out, or change --text-weight or --not-weight"
        )
    return np.asarray(total / length, np.float32)


def weighted_mean(parts: Sequence[tuple[float, Vector]]) -> Vector:
    """Of (D,) vectors with their weights; shorter than they are where they point apart."""
    total = sum(weight for weight, _ in parts)
    return np.asarray(np.sum([weight * vector for weight, vector in parts], axis=0) / total, np.float32)
