from __future__ import annotations

import clipseek.encoder
import pytest


def test_public_names_are_there_and_sorted() -> None:
    names = clipseek.encoder.__all__
    assert names == sorted(names)
    for name in names:
        assert getattr(clipseek.encoder, name).__module__.startswith("clipseek.encoder.")
    assert set(names) <= set(dir(clipseek.encoder))


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'torch'"):
        _ = clipseek.encoder.torch
