from __future__ import annotations

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.query.vectors import compose, read_weight

X, Y, Z = np.eye(3, dtype=np.float32)


def test_pictures_share_what_the_words_leave_by_their_weights() -> None:
    found = compose(X, [(3.0, Y), (1.0, Z)], text_weight=0.2)
    assert found == pytest.approx(np.array([0.2, 0.6, 0.2]) / np.linalg.norm([0.2, 0.6, 0.2]))
    assert np.linalg.norm(found) == pytest.approx(1)


def test_what_is_not_wanted_is_subtracted_by_its_share() -> None:
    found = compose(X, [], [(1.0, Y), (3.0, Z)], away_weight=0.4)
    assert found == pytest.approx(np.array([1, -0.1, -0.3]) / np.linalg.norm([1, -0.1, -0.3]))


def test_only_what_is_not_wanted_points_nowhere() -> None:
    with pytest.raises(InvalidOption, match="only what is not wanted"):
        compose(None, [], [(1.0, X)])
    with pytest.raises(InvalidOption, match="cancel each other out"):
        compose(X, [], [(1.0, X)], away_weight=1.0)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a.jpg", ("a.jpg", 1.0)),
        ("a.jpg@0.5", ("a.jpg", 0.5)),
        ("icon@2x.png", ("icon@2x.png", 1.0)),
        ("icon@2@1", ("icon@2", 1.0)),
        ("@3", ("@3", 1.0)),
        ("a@", ("a@", 1.0)),
    ],
)
def test_weights_stand_after_the_last_at(text: str, read: tuple[str, float]) -> None:
    assert read_weight(text) == read


@pytest.mark.parametrize("text", ["a@0", "a@-1", "a@nan", "a@inf", "a@1001"])
def test_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="cannot be used"):
        read_weight(text)
