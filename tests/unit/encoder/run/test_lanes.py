"""Parts side by side: all inputs once, in order, never more at a time than allowed."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from clipseek.encoder.run.towers import Lanes


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("inputs", [0, 1, 2, 7, 64])
@pytest.mark.parametrize("most", [1, 5, 32])
def test_every_input_once_and_in_order(count: int, inputs: int, most: int) -> None:
    parts = Lanes(count).run(list, range(inputs), lambda: most)
    assert [value for part in parts for value in part] == list(range(inputs))
    assert all(len(part) * count <= max(most, count) for part in parts)


def test_a_few_inputs_are_spread_over_all_lanes() -> None:
    assert [list(part) for part in Lanes(2).run(list, range(8), lambda: 32)] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_parts_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)

    def work(part: Sequence[int]) -> str:
        both.wait()  # passes only while the other part is at work too
        return threading.current_thread().name

    assert len(set(Lanes(2).run(work, [1, 2], lambda: 32))) == 2


def test_a_single_input_stays_on_the_callers_thread() -> None:
    lanes = Lanes(4)
    assert lanes.run(lambda part: threading.get_ident(), [1], lambda: 32) == [threading.get_ident()]
    assert lanes._pool is None


def test_short_inputs_stay_in_one_part_where_lanes_ask_for_more() -> None:
    lanes = Lanes(2, least=8)
    assert [list(part) for part in lanes.run(list, range(7), lambda: 32)] == [list(range(7))]
    assert lanes._pool is None
    assert [list(part) for part in lanes.run(list, range(8), lambda: 32)] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_single_lane_asks_for_its_size_before_each_part() -> None:
    sizes = iter([4, 4, 2, 2, 2])
    assert [len(part) for part in Lanes(1).run(list, range(14), lambda: next(sizes))] == [4, 4, 2, 2, 2]


def test_a_failure_is_raised() -> None:
    def work(part: Sequence[int]) -> None:
        raise ValueError(f"no {list(part)}")

    with pytest.raises(ValueError, match=r"no \[0\]"):
        Lanes(2).run(work, range(2), lambda: 32)
