"""Zero-shot accuracy: how often the right label of a picture is the likeliest, for each label, and which are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import intervals
from .errors import TooFewPairs
from .judgments import numbered

Floats = NDArray[np.float64]
#: Right where it is among so many of the likeliest labels.
TOPS = (1, 5)


@dataclass(frozen=True)
class LabelFigures:
    """``pictures`` have the label; ``top``: k -> share of them whose label is among the k likeliest. ``given``: pictures for which
    it is the likeliest; ``precision``: the share of those that have it, None for none."""

    label: str
    pictures: int
    top: dict[int, float]
    given: int
    precision: float | None


@dataclass(frozen=True)
class Confusion:
    """``pictures`` of ``label`` for which ``taken_for`` is the likeliest, ``share`` of all that have the label."""

    label: str
    taken_for: str
    pictures: int
    share: float


@dataclass(frozen=True)
class Accuracy:
    """``top``: k -> share of pictures; ``mean_of_labels``: top-1 with every label counted alike. ``intervals``: 95 % of each by its
    name (top-1, top-5, mean of labels). ``labels``: the worst first."""

    pictures: int
    top: dict[int, float]
    mean_of_labels: float
    intervals: dict[str, tuple[float, float]]
    labels: list[LabelFigures]
    confusions: list[Confusion]

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return asdict(self)


def accuracy(
    probabilities: Floats, truth: Sequence[int], labels: Sequence[str], groups: Sequence[str] | None = None
) -> Accuracy:
    """``probabilities`` (N, L); ``truth``: of each picture its column. Equal probabilities count against the model.

    ``groups``: pictures of an equal one are drawn together for the intervals. Raises TooFewPairs for no pictures.
    """
    if not len(truth):
        raise TooFewPairs("no labelled picture; expected at least one")
    right = np.asarray(truth, np.int64)
    own = probabilities[np.arange(len(right)), right]
    rank = (probabilities >= own[:, None]).sum(1)
    others = probabilities.copy()
    others[np.arange(len(right)), right] = -1.0
    first = np.where(rank == 1, right, others.argmax(1))
    tops = [k for k in TOPS if k < len(labels)]
    hits = {k: (rank <= k).astype(np.float64) for k in tops}
    clusters = None if groups is None else numbered(groups)
    used = np.unique(right)
    weight = np.zeros(len(labels))
    weight[used] = len(right) / len(used) / np.bincount(right, minlength=len(labels))[used]
    columns = {**{f"top-{k}": hit for k, hit in hits.items()}, "mean of labels": hits[1] * weight[right]}
    bounds = intervals(np.stack([*columns.values()], axis=1), clusters=clusters).tolist()
    return Accuracy(
        pictures=len(right),
        top={k: float(hit.mean()) for k, hit in hits.items()},
        mean_of_labels=float(columns["mean of labels"].mean()),
        intervals={name: (low, high) for name, (low, high) in zip(columns, bounds, strict=True)},
        labels=_of_labels(right, first, hits, labels),
        confusions=_confusions(right, first, labels),
    )


def _of_labels(
    right: NDArray[np.int64], first: NDArray[np.int64], hits: dict[int, Floats], labels: Sequence[str]
) -> list[LabelFigures]:
    found = []
    for at, label in enumerate(labels):
        own, given = right == at, first == at
        if not own.any():
            continue
        top = {k: float(hit[own].mean()) for k, hit in hits.items()}
        precision = float((right[given] == at).mean()) if given.any() else None
        found.append(LabelFigures(label, int(own.sum()), top, int(given.sum()), precision))
    return sorted(found, key=lambda one: (one.top[1], -one.pictures))


def _confusions(right: NDArray[np.int64], first: NDArray[np.int64], labels: Sequence[str]) -> list[Confusion]:
    """The most frequent first."""
    sizes = np.bincount(right, minlength=len(labels))
    pairs = Counter((one, other) for one, other in zip(right.tolist(), first.tolist(), strict=True) if one != other)
    return [
        Confusion(labels[one], labels[other], number, number / int(sizes[one]))
        for (one, other), number in pairs.most_common()
    ]
