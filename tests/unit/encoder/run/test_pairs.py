"""Pairs of a source to vectors, window by window, with what was skipped and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from clipseek.encoder import ClipEncoder
from clipseek.encoder.run.pairs import encode_pairs
from clipseek.testing.encoder import ColourEncoder
from PIL import Image


@pytest.mark.parametrize("window", [1, 2, 256])
def test_rows_belong_to_their_captions_in_any_window(window: int, tmp_path: Path) -> None:
    for name in ("red", "green", "blue"):
        Image.new("RGB", (9, 9), name).save(tmp_path / f"{name}.png")
    (tmp_path / "broken.png").touch()
    pairs: list[Any] = [
        (tmp_path / "red.png", ("red", " ", "Very  red"), None),
        (tmp_path / "broken.png", ("blue",), None),
        (tmp_path / "green.png", ("green",), "leaf"),
        (tmp_path / "gone.png", ("green",), None),
        (tmp_path / "red.png", ("  ",), None),
        (tmp_path / "blue.png", ("blue",), None),
    ]
    encoder = ColourEncoder()
    texts, images, groups, skipped = encode_pairs(cast(ClipEncoder, encoder), pairs, window)
    np.testing.assert_array_equal(texts, encoder.encode_texts(["red", "red", "green", "blue"]))
    np.testing.assert_array_equal(images.argmax(1), [0, 0, 1, 2])
    assert groups == ["red", "very red", "leaf", "blue"]
    assert skipped == [
        (str(tmp_path / "broken.png"), "not a picture: UnidentifiedImageError"),
        (str(tmp_path / "gone.png"), "No such file or directory"),
        (str(tmp_path / "red.png"), "no caption"),
    ]


def test_nothing_in_gives_nothing_out() -> None:
    texts, images, groups, skipped = encode_pairs(cast(ClipEncoder, ColourEncoder()), [])
    assert (texts.shape, images.shape, groups, skipped) == ((0, 4), (0, 4), [], [])
