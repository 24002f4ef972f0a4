from __future__ import annotations

import numpy as np
from clipseek.relevance.cross_validation import cross_validated, folds_of


def test_a_query_is_judged_by_the_choice_of_others() -> None:
    # Setting 0 is right for group 0 alone, setting 1 for all others: group 0 is judged with setting 1.
    groups = np.repeat(np.arange(5), 4)
    ranks = np.stack([(groups == 0).astype(float), (groups != 0).astype(float)], axis=1)
    found = cross_validated(ranks, groups)
    assert found[groups == 0].tolist() == [0.0] * 4
    assert found[groups != 0].tolist() == [1.0] * 16


def test_a_group_stays_in_one_fold_and_folds_are_even() -> None:
    groups = np.repeat(np.arange(11), 3)
    folds = folds_of(groups)
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in range(11))
    assert sorted(np.bincount(folds).tolist()) == [6, 6, 6, 6, 9]
