"""The demo's table says which side is ranked, for the talk ranked the other."""

from __future__ import annotations

import numpy as np
import pytest
from clipseek.demo.scoring import DIRECTION, both

from tests.models import quiet


@pytest.mark.train
def test_pictures_are_ranked_for_a_caption() -> None:
    """Each of two pictures finds its caption; of the captions one finds its picture."""
    with quiet():
        from clipseek.training.data.pairs import Pairs

    rows = np.array([0, 1], np.int64)
    pairs = Pairs(np.zeros((2, 1, 1, 3), np.uint8), ["a", "b"], rows, ["a cat", "a dog"], ["a cat", "a dog"])
    texts = np.array([[1.0, 0.0], [0.8, 0.6]], np.float32)
    pictures = np.array([[0.9, -0.43589], [0.93969, 0.34202]], np.float32)
    for scores in both(pairs, texts, pictures):
        assert scores.mrr[1] == 0.5  # caption 0: its picture .9, the other's .94; caption 1: .957 and .459
    for scores in both(pairs, pictures, texts):
        assert scores.mrr[1] == 1.0
    assert "Pictures ranked for a caption" in DIRECTION
