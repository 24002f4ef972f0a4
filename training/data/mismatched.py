"""The pairs of a survey that a model doubts, each with the file of its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from clipseek.evaluation.mismatched import mismatched
from numpy.typing import NDArray

from .pairs import Pairs
from .survey import Survey


@dataclass(frozen=True)
class DoubtedPair:
    """``doubt``: the share of other pairs that fit as well, 0 to 1."""

    file: str
    caption: str
    doubt: float


@dataclass(frozen=True)
class Doubts:
    """``doubted``: the worst first. ``noticed``: the share of wrong pairs that the model would doubt; ``pairs``: their number."""

    doubted: list[DoubtedPair]
    noticed: float
    pairs: int

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return {"pairs": self.pairs, "noticed": self.noticed, "doubted": [vars(pair) for pair in self.doubted]}


def doubted_pairs(survey: Survey, pairs: Pairs, texts: NDArray[np.float32], images: NDArray[np.float32]) -> Doubts:
    """``texts`` (N, D) and ``images`` (P, D): unit vectors of the pairs' captions and distinct pictures."""
    found = mismatched(texts, images, pairs.truth())
    files: dict[str, str] = {}
    for file, read in survey.readable.items():
        files.setdefault(read.digest, file)  # both hash a file's bytes alike
    doubted = [
        DoubtedPair(
            files.get(pairs.digests[int(pairs.picture[row])], ""),
            pairs.captions[row],
            round(float(found.doubts[row]), 4),
        )
        for row in found.rows.tolist()
    ]
    return Doubts(doubted, round(found.noticed, 4), len(pairs))
