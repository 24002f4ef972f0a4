"""One encoder for many threads: the vectors of single calls, none of them made twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from clipseek.encoder import Crop
from clipseek.testing import ColourEncoder
from clipseek.web.encoders import SharedEncoder, VectorCache
from clipseek.web.metrics import Metrics

from tests.unit.web.conftest import picture


def test_threads_get_the_vectors_of_single_calls() -> None:
    encoder = ColourEncoder()
    shared = SharedEncoder(encoder, Metrics())
    texts = [f"red {number}" if number % 2 else f"blue {number % 10}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        rows = list(pool.map(lambda text: shared.encode_texts([text])[0], texts))
    np.testing.assert_array_equal(rows, encoder.encode_texts(texts))
    np.testing.assert_array_equal(shared.encode_texts(texts), encoder.encode_texts(texts))
    assert shared.encode_texts([]).shape == (0, 4)
    shared.close()


def test_a_picture_is_decoded_once_and_each_part_of_it() -> None:
    encoder = ColourEncoder()
    shared = SharedEncoder(encoder, Metrics())
    red, part = picture("red"), Crop(0, 0, 8, 8)
    for _ in range(3):
        whole = shared.encode_pictures([shared.load_picture(red), shared.load_picture(red, part)])
        assert whole.shape == (2, 4)
    assert encoder.decoded == 2
    with pytest.raises(ValueError, match="not a picture"):
        shared.load_picture(b"words")
    shared.close()


def test_the_cache_lets_go_of_what_was_not_used_longest() -> None:
    cache = VectorCache(2)
    for name in "ab":
        cache.put(("text", name), np.zeros(4, np.float32))
    assert cache.get(("text", "a")) is not None
    cache.put(("text", "c"), np.zeros(4, np.float32))
    assert cache.get(("text", "b")) is None
    assert cache.get(("text", "a")) is not None
    assert cache.get(("picture", "a")) is None
