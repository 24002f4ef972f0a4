"""The decision over matrices of reciprocal ranks, whose best setting is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.limits import DEPTH
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.relevance.fusion_grid import RRF, WORDINGS
from clipseek.relevance.tuning_decision import (
    best_by_option,
    compare,
    compare_ways,
    cross_validated,
    decide,
    decide_ef_search,
)

CAPTIONS = Setting(Fusion(weight=0.1, depth=DEPTH))
LISTS = Setting(replace(CAPTIONS.fusion, complete=False))
SETTINGS = [RRF, CAPTIONS, LISTS, replace(RRF, wording=WORDINGS[2]), Setting(replace(CAPTIONS.fusion, depth=50))]
GROUPS = np.arange(100)


def columns(*means: float) -> np.ndarray:
    """(100, S) zeros and ones, each column with the mean that is given."""
    return np.stack([(np.arange(100) < 100 * mean).astype(float) for mean in means], axis=1)


def test_wording_and_depth_are_chosen_only_where_that_is_a_sure_gain() -> None:
    sure = decide(columns(0.2, 0.3, 0.2, 0.9, 0.1), SETTINGS, 3, GROUPS)
    assert (sure.best, sure.all_options) == (SETTINGS[3], True)
    assert sure.cross_validated.mean() == pytest.approx(0.9)
    assert sure.passed_over.mean() == pytest.approx(0.3)
    unsure = decide(columns(0.2, 0.3, 0.2, 0.31, 0.1), SETTINGS, 3, GROUPS)
    assert (unsure.best, unsure.all_options) == (CAPTIONS, False)
    assert unsure.cross_validated.mean() == pytest.approx(0.3)


def test_of_equal_settings_the_first_is_chosen() -> None:
    assert decide(columns(0.3, 0.3, 0.3, 0.3, 0.3), SETTINGS, 3, GROUPS).best == RRF


def test_fusions_stay_complete_unless_others_are_a_sure_gain() -> None:
    sure = decide(columns(0.2, 0.3, 0.9, 0.1, 0.1), SETTINGS, 3, GROUPS)
    assert (sure.best, sure.all_options) == (LISTS, False)
    assert sure.ways.gain == pytest.approx(-0.6)
    unsure = decide(columns(0.2, 0.3, 0.31, 0.1, 0.1), SETTINGS, 3, GROUPS)
    assert unsure.best == CAPTIONS
    assert unsure.cross_validated.mean() == pytest.approx(0.3)
    better = decide(columns(0.2, 0.9, 0.3, 0.1, 0.1), SETTINGS, 3, GROUPS)
    assert (better.best, better.ways.gain_interval[0] > 0) == (CAPTIONS, True)


def test_another_ef_search_must_be_a_sure_gain() -> None:
    settings = [CAPTIONS, *(Setting(replace(CAPTIONS.fusion, ef_search=beam)) for beam in (400, 800))]
    assert decide_ef_search(columns(0.3, 0.9, 0.8), settings, GROUPS).fusion.ef_search == 400
    assert decide_ef_search(columns(0.3, 0.31, 0.3), settings, GROUPS) is settings[0]


def test_gains_are_those_of_the_tuned_setting_over_each() -> None:
    ranks = columns(0.2, 0.9)
    worse, same = compare({"worse": ranks[:, 0], "same": ranks[:, 1]}, ranks[:, 1], GROUPS)
    assert worse.mrr == pytest.approx(0.2)
    assert worse.gain == pytest.approx(0.7)
    assert worse.interval[0] < 0.2 < worse.interval[1]
    assert worse.gain_interval[0] > 0.5
    assert (same.gain, same.gain_interval) == (0, (0, 0))


def test_the_best_of_each_way_is_compared() -> None:
    settings = [
        Setting(Fusion(weight=weight, complete=complete)) for complete in (True, False) for weight in (0.2, 0.8)
    ]
    ways = compare_ways(columns(0.1, 0.9, 0.3, 0.2), settings, GROUPS)
    assert [ways.complete, ways.not_complete] == pytest.approx([0.9, 0.3])
    assert ways.gain == pytest.approx(0.6)
    assert 0.4 < ways.gain_interval[0] < 0.6 < ways.gain_interval[1]
    other = compare_ways(columns(0.3, 0.2, 0.1, 0.9), settings, GROUPS)
    assert other.gain == pytest.approx(-0.6)
    assert other.gain_interval[1] < 0


def test_each_option_has_the_figure_of_its_best_fusion() -> None:
    figures = best_by_option(columns(0.2, 0.3, 0.95, 0.9, 0.1), SETTINGS, CAPTIONS)
    assert figures == {
        "any of the words": pytest.approx(0.3),
        "all of the words": pytest.approx(0.9),
        "depth 200": pytest.approx(0.3),
        "depth 50": pytest.approx(0.1),
    }


def test_a_query_is_judged_by_the_choice_of_others() -> None:
    # Setting 0 is right for group 0 alone, setting 1 for all others: group 0 is judged with setting 1.
    groups = np.repeat(np.arange(5), 4)
    ranks = np.stack([(groups == 0).astype(float), (groups != 0).astype(float)], axis=1)
    found = cross_validated(ranks, groups)
    assert found[groups == 0].tolist() == [0.0] * 4
    assert found[groups != 0].tolist() == [1.0] * 16
