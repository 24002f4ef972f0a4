"""Pairs whose caption and picture seem not to belong together, as a model sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .judgments import Ints, Judgments

Floats = NDArray[np.float64]

SAMPLE = 2048  # others that a pair is compared with
DOUBT = 0.1  # a pair with more than this share of others as near, on both sides, is doubted
_CHUNK = 1024


@dataclass(frozen=True)
class Mismatched:
    """``doubts``: (N,) float64 in 0..1, the share of others that fit as well as the pair's own. ``rows``: the pairs to look
    at, the worst first. ``noticed``: the share of pairs that would be among them with another pair's caption."""

    doubts: Floats
    rows: Ints
    noticed: float


def mismatched(texts: NDArray[np.float32], images: NDArray[np.float32], truth: Judgments, seed: int = 0) -> Mismatched:
    """Find them: ``texts`` (N, D) and ``images`` (P, D) are unit rows, ``truth`` says who is right for whom.

    A pair's doubt is the lesser of two shares: of pictures as near to its caption as its own, and of captions as near to
    its picture; what is right for it does not count. So a vague caption or a plain picture alone raises no doubt.
    """
    own = truth.owner
    rng = np.random.default_rng(seed)
    doubts = _doubts(texts, images, own, truth.keys, rng.choice(len(texts), min(SAMPLE, len(texts)), replace=False))
    # The same with each caption at the next pair's picture: how many wrong pairs would be noticed.
    order = rng.permutation(len(texts))
    other = np.empty_like(own)
    other[order] = own[np.roll(order, 1)]
    keys = np.full((len(texts), 1), -1)
    wrong = _doubts(texts, images, other, keys, rng.choice(len(texts), min(SAMPLE, len(texts)), replace=False))
    rows = np.flatnonzero(doubts > DOUBT)
    return Mismatched(doubts, rows[np.argsort(-doubts[rows], kind="stable")], float((wrong > DOUBT).mean()))


def _doubts(texts: NDArray[np.float32], images: NDArray[np.float32], picture: Ints, keys: Ints, sample: Ints) -> Floats:
    """(N,): the lesser share of the pairs ``sample`` whose picture, or caption, fits as well as the own."""
    found = np.zeros(len(texts))
    for start in range(0, len(texts), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(texts)))
        own = np.einsum("nd,nd->n", texts[rows], images[picture[rows]])
        right = picture[rows, None] == picture[sample]
        for column in keys.T:
            right |= (column[rows, None] == column[sample]) & (column[rows, None] >= 0)
        others = np.maximum(1, (~right).sum(1))
        by_caption = (texts[rows] @ images[picture[sample]].T >= own[:, None]) & ~right
        by_picture = (images[picture[rows]] @ texts[sample].T >= own[:, None]) & ~right
        found[rows] = np.minimum(by_caption.sum(1), by_picture.sum(1)) / others
    return found
