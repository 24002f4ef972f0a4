"""Clicks weighed by their rank."""

from __future__ import annotations

import pytest
from clipseek.relevance.clicks.position_bias import MOST, click_weight


@pytest.mark.parametrize(("rank", "eta", "weight"), [(1, 1, 1), (4, 1, 4), (4, 0.5, 2), (300, 1, MOST), (7, 0, 1)])
def test_a_click_counts_one_over_the_propensity_of_its_rank(rank: int, eta: float, weight: float) -> None:
    assert click_weight(rank, eta) == weight


def test_weighted_clicks_of_two_equally_good_pictures_add_up_alike() -> None:
    looked_at = {1: 1000, 5: 200}  # a fifth of the people look at rank 5
    sums = [looks * 0.5 * click_weight(rank) for rank, looks in looked_at.items()]
    assert sums == [500, 500]


def test_there_is_no_rank_zero() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        click_weight(0)
