"""A test split that nothing was chosen on: drawings whose concept no shipped drawing has, and that look like none of them.

The shipped test side was looked at for months while recipes were chosen, so it is a second validation set by now. Held-out concepts of
the whole corpus that the shipped files lack were seen by no training (concepts decide the split), no teacher, and no table.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from clipseek.demo.concepts import concept_of, split_of
from numpy.typing import NDArray

from ..render import drawn
from ..shipped import Item
from .check import THUMB
from .general import Candidate
from .pairs import by_hash

PAIRS = 1500
#: At most so many of one set, so that the test is of many hands, and of one concept, so that each counts about alike.
OF_A_SET, OF_A_CONCEPT = 120, 2
#: Mean difference of two thumbnails, 0 to 255, below which two drawings look nearly the same; the build drops those below 1.5.
NEAR = 4.0
_NEAREST = 8  # by squares, of which the mean difference is then taken


def unshipped(candidates: Iterable[Candidate], shipped: Sequence[Item]) -> Iterator[Candidate]:
    """Those of the test side whose concept no shipped drawing has."""
    concepts = {item.concept for item in shipped}
    for candidate in candidates:
        concept = concept_of(candidate.title)
        if concept not in concepts and split_of(concept) == "test":
            yield candidate


def fresh_pairs(held_out: Sequence[Item], shipped: Sequence[Item], dropped: Counter[str]) -> list[Item]:
    """At most PAIRS of ``held_out`` that share no id, concept or look with ``shipped``, by the hash of their ids; ``dropped``
    counts reasons."""
    concepts, ids = {item.concept for item in shipped}, {item.id for item in shipped}
    kept: list[Item] = []
    for item in sorted(held_out, key=by_hash):
        if item.split != "test" or item.concept in concepts or item.id in ids:
            dropped["its concept, or itself, is shipped"] += 1
        else:
            kept.append(item)
    near = look_alikes([item.svg for item in kept], [item.svg for item in shipped])
    dropped["looks like a shipped one"] += int(near.sum())
    return _capped([item for item, alike in zip(kept, near, strict=True) if not alike])


def _capped(items: Sequence[Item]) -> list[Item]:
    of_set, of_concept = Counter[str](), Counter[str]()
    chosen: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if of_set[item.set] < OF_A_SET and of_concept[item.concept] < OF_A_CONCEPT:
            of_set[item.set] += 1
            of_concept[item.concept] += 1
            chosen[item.set].append(item)
    return sorted((item for found in chosen.values() for item in found), key=by_hash)[:PAIRS]


def look_alikes(drawings: Sequence[str], others: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each drawing (SVG) looks nearly like one of the others, (N,)."""
    mine, theirs = thumbs(drawings), thumbs(others)
    lengths, count = (theirs**2).sum(1), min(_NEAREST, len(theirs))
    alike = np.zeros(len(mine), bool)
    for start in range(0, len(mine), 256):
        part = mine[start : start + 256]
        nearest = np.argpartition(lengths - 2 * part @ theirs.T, count - 1, axis=1)[:, :count]
        alike[start : start + 256] = np.abs(theirs[nearest] - part[:, None]).mean(2).min(1) < NEAR
    return alike


def thumbs(drawings: Sequence[str]) -> NDArray[np.float32]:
    """(N, THUMB * THUMB) float32 greys, 0 to 255, each cell the mean of what it covers."""
    rows = np.empty((len(drawings), THUMB * THUMB), np.float32)
    for at, svg in enumerate(drawings):
        grey = np.asarray(drawn(svg, 4 * THUMB).convert("L"), np.float32)
        rows[at] = grey.reshape(THUMB, 4, THUMB, 4).mean(axis=(1, 3)).ravel()
    return rows
