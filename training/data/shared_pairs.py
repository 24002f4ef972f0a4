"""The same pairs as two models see them: each with its own pixels, of the same pictures with the same captions."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import replace

import numpy as np
from clipseek.evaluation.judgments import Ints

from .pairs import Pairs


def in_common(one: Pairs, other: Pairs) -> tuple[Pairs, Pairs]:
    """The pairs (picture's bytes, caption, group) that both have, row i of both the same, in the order of ``one``.

    What only one of the two could read is in neither; ``skipped`` names what either could not.
    """
    waiting: dict[tuple[str, str, str], deque[int]] = defaultdict(deque)
    for row, key in enumerate(_keys(other)):
        waiting[key].append(row)
    kept: tuple[list[int], list[int]] = ([], [])
    for row, key in enumerate(_keys(one)):
        if waiting[key]:
            kept[0].append(row)
            kept[1].append(waiting[key].popleft())
    skipped = list(dict.fromkeys([*one.skipped, *other.skipped]))
    return replace(one.take(kept[0]), skipped=skipped), replace(other.take(kept[1]), skipped=skipped)


def picture_order(one: Pairs, other: Pairs) -> Ints:
    """(P,) int64: for each of the pictures that ``one`` shows, its place among those that ``other`` shows.

    Both show the same pictures, as ``in_common`` leaves them.
    """
    place = {other.digests[row]: at for at, row in enumerate(other.shown_pictures()[0].tolist())}
    return np.array([place[one.digests[row]] for row in one.shown_pictures()[0].tolist()], np.int64)


def _keys(pairs: Pairs) -> list[tuple[str, str, str]]:
    digests = [pairs.digests[row] for row in pairs.picture.tolist()]
    return list(zip(digests, pairs.captions, pairs.groups, strict=True))
