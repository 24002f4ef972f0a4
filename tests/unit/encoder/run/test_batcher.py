"""The batcher: equal to single calls, joins what comes together, errors to their own callers, nothing lost at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pytest
from clipseek.encoder import Batcher, Bundle, ClipEncoder
from clipseek.encoder.errors import BatcherClosed, Overloaded
from numpy.typing import NDArray

from tests.shipped import TUNED as SHIPPED


class Gated:
    """Encodes a number as [number, -number]; waits until it is let, and keeps the batches it was given."""

    def __init__(self, is_open: bool = True) -> None:
        self.gate, self.entered = threading.Event(), threading.Event()
        self.batches: list[list[int]] = []
        if is_open:
            self.gate.set()

    def __call__(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        self.batches.append(list(numbers))
        self.entered.set()
        assert self.gate.wait(10)
        if 13 in numbers:
            raise ValueError("13 is no number here")
        return np.array([[number, -number] for number in numbers], np.float32)


def test_sixteen_threads_get_what_single_calls_give() -> None:
    encoder = ClipEncoder(Bundle.load(SHIPPED), device="cpu")
    texts = [f"a {colour} {thing}" for colour in ("red", "blue", "green") for thing in ("cat", "house on a hill", "🐈")]
    expected = {text: encoder.encode_texts([text])[0] for text in texts}
    with Batcher(encoder.encode_texts) as batcher, ThreadPoolExecutor(16) as pool:
        for text, vector in zip(texts * 12, pool.map(batcher, texts * 12), strict=True):
            np.testing.assert_allclose(vector, expected[text], atol=1e-5)


def test_what_comes_while_a_batch_runs_goes_together() -> None:
    encode = Gated(is_open=False)
    with Batcher(encode, max_batch=4) as batcher:
        futures = [batcher.submit(0)]
        assert encode.entered.wait(10)
        futures += [batcher.submit(number) for number in range(1, 8)]
        encode.gate.set()
        assert [future.result(10).tolist() for future in futures] == [[n, -n] for n in range(8)]
    assert encode.batches == [[0], [1, 2, 3, 4], [5, 6, 7]]


def test_a_batch_that_follows_company_waits_for_more_but_a_lonely_caller_does_not() -> None:
    encode = Gated()
    with Batcher(encode, max_wait=0.5) as batcher:
        started = time.monotonic()
        for number in range(5):
            batcher(number)
        assert time.monotonic() - started < 0.4
        encode.gate.clear()
        encode.entered.clear()
        first = batcher.submit(20)
        assert encode.entered.wait(10)
        pair = [batcher.submit(21), batcher.submit(22)]
        encode.gate.set()
        wait([first, *pair])
        late = [batcher.submit(23)]
        time.sleep(0.05)  # within the half second
        late.append(batcher.submit(24))
        wait(late)
    assert encode.batches[-2:] == [[21, 22], [23, 24]]


def test_an_error_reaches_its_own_caller_alone() -> None:
    encode = Gated(is_open=False)
    with Batcher(encode) as batcher:
        batcher.submit(0)
        assert encode.entered.wait(10)
        futures = {number: batcher.submit(number) for number in (12, 13, 14)}
        encode.gate.set()
        assert futures[12].result(10).tolist() == [12, -12]
        assert futures[14].result(10).tolist() == [14, -14]
        with pytest.raises(ValueError, match="13 is no number here"):
            futures[13].result(10)
        with pytest.raises(ValueError, match="13 is no number here"):
            batcher(13)
        assert batcher(15).tolist() == [15, -15]  # and it goes on


def test_the_queue_is_bounded_and_waits_for_room_when_asked() -> None:
    encode = Gated(is_open=False)
    with Batcher(encode, max_batch=1, max_queue=2) as batcher:
        batcher.submit(0)
        assert encode.entered.wait(10)
        futures = [batcher.submit(1), batcher.submit(2)]
        with pytest.raises(Overloaded, match="2 requests wait already"):
            batcher.submit(3, timeout=0)
        threading.Timer(0.05, encode.gate.set).start()
        futures.append(batcher.submit(4))
        assert [future.result(10).tolist() for future in futures] == [[1, -1], [2, -2], [4, -4]]


def test_closing_finishes_what_was_submitted_and_takes_no_more() -> None:
    encode = Gated(is_open=False)
    batcher = Batcher(encode, max_batch=2)
    futures = [batcher.submit(number) for number in range(5)]
    threading.Timer(0.05, encode.gate.set).start()
    batcher.close()
    assert all(future.done() for future in futures)
    assert [future.result().tolist() for future in futures] == [[n, -n] for n in range(5)]
    with pytest.raises(BatcherClosed, match="shutting down"):
        batcher(1)
    batcher.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "clipseek-batcher"]


def test_a_cancelled_request_costs_nothing() -> None:
    encode = Gated(is_open=False)
    with Batcher(encode) as batcher:
        batcher.submit(0)
        assert encode.entered.wait(10)
        gone, kept = batcher.submit(1), batcher.submit(2)
        assert gone.cancel()
        encode.gate.set()
        assert kept.result(10).tolist() == [2, -2]
    assert encode.batches == [[0], [2]]


@pytest.mark.parametrize("options", [{"max_batch": 0}, {"max_queue": 0}, {"max_wait": -1.0}, {"seconds": 0}])
def test_limits_must_make_sense(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected 1 or more"):
        Batcher(Gated(), **options)  # type: ignore[arg-type]
