"""Lines of a picture in the order in which they are read, also where they stand upside down or run up or down. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: How a line must be turned, clockwise and in degrees, to stand upright.
Turn: TypeAlias = Literal[0, 90, 180, 270]
#: Of two lines beside each other, how far their middles lie apart, in heights of a line.
_BESIDE = 0.6


@dataclass(frozen=True)
class Line:
    """Words that stand in one row. ``box``: (4, 2) float, its corners (x, y) in pixels; ``turn`` as above."""

    text: str
    box: NDArray[np.float64]
    turn: Turn


def turn_of(width: float, height: float, upside_down: bool) -> Turn:
    """Of a line whose box is ``width`` by ``height``: a tall one was turned a quarter against the clock before it was looked at."""
    if height >= 1.5 * width:
        return 90 if upside_down else 270
    return 180 if upside_down else 0


def in_order(lines: Sequence[Line]) -> list[str]:
    """The texts, row by row, as they stand once the picture is turned as most of its letters want it; rows of pieces that stand
    beside each other are one text."""
    if not lines:
        return []
    letters: Counter[int] = Counter()
    for line in lines:
        letters[line.turn] += len(line.text)
    turn = letters.most_common(1)[0][0]
    boxes = np.stack([_turned(line.box, turn) for line in lines])
    low, high = boxes.min(axis=1), boxes.max(axis=1)
    middle, heights = (low[:, 1] + high[:, 1]) / 2, high[:, 1] - low[:, 1]
    rows: list[list[int]] = []
    for at in np.argsort(middle, kind="stable").tolist():
        first = rows[-1][0] if rows else at
        beside = abs(middle[at] - middle[first]) < _BESIDE * min(heights[at], heights[first])
        if rows and beside:
            rows[-1].append(at)
        else:
            rows.append([at])
    return [" ".join(lines[at].text for at in sorted(row, key=lambda at: low[at, 0])) for row in rows]


def _turned(box: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
    """The corners in a picture that was turned clockwise by ``turn`` degrees, but for where its edges lie."""
    x, y = box[:, 0], box[:, 1]
    return np.stack({0: (x, y), 90: (-y, x), 180: (-x, -y), 270: (y, -x)}[turn], axis=1)
