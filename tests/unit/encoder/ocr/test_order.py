from __future__ import annotations

import numpy as np
import pytest
from clipseek.encoder.ocr.order import Line, Turn, in_order, turn_of


def line(text: str, edges: tuple[float, float, float, float], turn: Turn = 0) -> Line:
    left, top, right, bottom = edges
    return Line(text, np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float), turn)


def test_pieces_beside_each_other_are_one_row_and_rows_come_from_above() -> None:
    lines = [line("4711", (200, 12, 260, 40)), line("below", (0, 60, 90, 90)), line("Harbour", (0, 10, 120, 42))]
    assert in_order(lines) == ["Harbour 4711", "below"]


@pytest.mark.parametrize(
    ("turn", "first", "second"),
    [
        (90, (10, 100, 40, 300), (60, 100, 90, 300)),  # it reads upwards: the next row stands to the right
        (270, (60, 100, 90, 300), (10, 100, 40, 300)),
        (180, (0, 60, 200, 90), (0, 10, 200, 40)),
    ],
)
def test_rows_of_a_turned_picture_come_as_they_are_read(
    turn: Turn, first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> None:
    assert in_order([line("two", second, turn), line("one", first, turn)]) == ["one", "two"]


def test_most_letters_decide_how_the_picture_is_turned() -> None:
    lines = [
        line("a long row of words", (0, 10, 300, 40)),
        line("next", (0, 50, 80, 80)),
        line("up", (310, 0, 330, 90), 90),
    ]
    assert in_order(lines) == ["a long row of words", "up", "next"]


def test_a_tall_box_stands_a_quarter_round() -> None:
    assert [turn_of(*sides) for sides in ((100, 20, False), (100, 20, True), (20, 100, False), (20, 100, True))] == [
        0,
        180,
        270,
        90,
    ]


def test_nothing_is_nothing() -> None:
    assert in_order([]) == []
