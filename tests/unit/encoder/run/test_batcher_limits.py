"""The batcher's time limit: whatever hangs, every request ends, others go on, and closing ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import Batcher, Bundle, ClipEncoder
from clipseek.encoder.errors import BatcherClosed, EncoderError, EncodeTimedOut, Overloaded
from clipseek.encoder.run.batcher import MOST_STUCK
from numpy.typing import NDArray

from tests.models import quiet
from tests.shipped import TUNED

LIMIT = 0.4


class Sticky:
    """Encodes a number as [number]; negative ones hang until ``release`` is set."""

    def __init__(self) -> None:
        self.release, self.entered = threading.Event(), threading.Semaphore(0)
        self.batches: list[list[int]] = []

    def __call__(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        self.batches.append(list(numbers))
        self.entered.release()
        if min(numbers) < 0:
            assert self.release.wait(20)
        return np.array([[number] for number in numbers], np.float32)


@contextmanager
def sticky(**options: float) -> Iterator[tuple[Sticky, Batcher[int]]]:
    encode = Sticky()
    batcher = Batcher(encode, **{"seconds": LIMIT, **options})  # type: ignore[arg-type]
    try:
        yield encode, batcher
    finally:
        encode.release.set()
        batcher.close()


def took(started: float) -> float:
    return time.monotonic() - started


def test_a_request_without_an_answer_ends_at_its_limit() -> None:
    with sticky() as (_, batcher):
        started = time.monotonic()
        with pytest.raises(EncodeTimedOut, match=r"no vector within 0.4 seconds; try again") as caught:
            batcher(-1)
        assert LIMIT <= took(started) < LIMIT + 2
        assert "\n" not in str(caught.value)
        assert isinstance(caught.value, EncoderError)


def test_a_stuck_call_does_not_block_the_others_forever() -> None:
    with sticky(max_batch=1) as (encode, batcher):
        stuck = batcher.submit(-1)
        assert encode.entered.acquire(timeout=5)
        time.sleep(LIMIT / 2)
        waiting = [batcher.submit(number) for number in (1, 2, 3)]  # behind it, with time left when it is given up
        assert [future.result(5).tolist() for future in waiting] == [[1], [2], [3]]
        assert isinstance(stuck.exception(0), EncodeTimedOut)
        assert batcher(4).tolist() == [4]
        encode.release.set()  # its late vector goes nowhere
        assert batcher(5).tolist() == [5]
        assert isinstance(stuck.exception(0), EncodeTimedOut)


def test_what_waits_too_long_ends_too() -> None:
    with sticky(max_batch=1) as (encode, batcher):
        batcher.submit(-1)
        assert encode.entered.acquire(timeout=5)
        started = time.monotonic()
        waiting = [batcher.submit(-2), batcher.submit(-3)]  # each would hang as well
        for future in waiting:
            assert isinstance(future.exception(5), EncodeTimedOut)
        assert took(started) < LIMIT + 2


def test_room_in_a_full_queue_counts_towards_the_limit() -> None:
    with sticky(max_batch=1, max_queue=1) as (encode, batcher):
        batcher.submit(-1)
        assert encode.entered.acquire(timeout=5)
        batcher.submit(-2)
        time.sleep(LIMIT / 4)
        started = time.monotonic()
        with pytest.raises((EncodeTimedOut, Overloaded)):
            batcher(-3)
        assert took(started) < LIMIT + 2


def test_with_too_many_stuck_calls_requests_are_refused_until_one_returns() -> None:
    with sticky(max_batch=1, seconds=0.3) as (encode, batcher):
        for number in range(MOST_STUCK):
            with pytest.raises(EncodeTimedOut):
                batcher(-1 - number)
        threads = [thread for thread in threading.enumerate() if thread.name == "clipseek-batcher"]
        assert len(threads) == MOST_STUCK + 1  # the watcher
        started = time.monotonic()
        with pytest.raises(EncodeTimedOut, match="start the service again if it goes on"):
            batcher(1)
        assert took(started) < 0.25  # at once
        encode.release.set()
        until = time.monotonic() + 5
        while True:
            try:
                assert batcher(2).tolist() == [2]
                break
            except EncodeTimedOut:
                assert time.monotonic() < until
                time.sleep(0.01)
        assert [batcher(number).tolist() for number in (3, 4, 5)] == [[3], [4], [5]]


def test_closing_ends_though_a_call_hangs() -> None:
    encode = Sticky()
    batcher = Batcher(encode, max_batch=1, seconds=LIMIT)
    futures = [batcher.submit(-1), batcher.submit(1)]
    assert encode.entered.acquire(timeout=5)
    closing = threading.Thread(target=batcher.close)
    started = time.monotonic()
    closing.start()
    time.sleep(LIMIT / 4)
    with pytest.raises(BatcherClosed, match="shutting down"):
        batcher(2)
    closing.join(5)
    assert not closing.is_alive()
    assert took(started) < LIMIT + 2
    assert isinstance(futures[0].exception(0), EncodeTimedOut)
    assert futures[1].done()
    encode.release.set()
    until = time.monotonic() + 5
    while any(thread.name == "clipseek-batcher" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_quick_calls_never_come_too_late_however_many() -> None:
    with sticky(seconds=5, max_queue=8) as (_, batcher), ThreadPoolExecutor(32) as pool:
        numbers = list(range(2_000))
        assert [row.tolist() for row in pool.map(batcher, numbers)] == [[number] for number in numbers]


def test_an_error_that_is_no_exception_does_not_end_the_batcher() -> None:
    class Panic(BaseException):
        """As a library in Rust raises one."""

    def encode(numbers: Sequence[int]) -> NDArray[np.float32]:
        if 13 in numbers:
            raise Panic("index out of bounds")
        return np.array([[number] for number in numbers], np.float32)

    with Batcher(encode, seconds=LIMIT) as batcher:
        with pytest.raises(EncoderError, match=r"the model failed \(index out of bounds\)"):
            batcher(13)
        assert batcher(12).tolist() == [12]


def test_a_callback_may_submit_again() -> None:
    with sticky() as (_, batcher):
        later: Future[Future[NDArray[np.float32]]] = Future()
        batcher.submit(-1).add_done_callback(lambda _: later.set_result(batcher.submit(7)))
        assert later.result(5).result(5).tolist() == [7]


@pytest.mark.train
def test_queries_of_an_int8_tower_join_and_keep_their_vectors(
    checkpoint_folder: Path, bundle: Bundle, tmp_path: Path
) -> None:
    with quiet():
        from clipseek.export.checkpoint import export_bundle

        int8 = export_bundle(str(checkpoint_folder), tmp_path / "int8", precision="int8", accept_loss=True)
    texts = [f"{words} {number}" for number in range(10) for words in ("a red cat", "two dogs and a big bird", "blue")]
    encoder = ClipEncoder(int8, device="cpu", threads=1)
    assert ClipEncoder(bundle, device="cpu").joinable == encoder.joinable == 32
    alone = np.array([encoder.encode_texts([text])[0] for text in texts])
    with Batcher(encoder.encode_texts) as batcher, ThreadPoolExecutor(16) as pool:
        found = np.array(list(pool.map(batcher, texts * 4)))
    assert (found * np.tile(alone, (4, 1))).sum(1).min() >= 0.9999


def test_queries_of_an_older_int8_bundle_go_one_by_one() -> None:
    def joinable(precision: str, **facts: str) -> int:
        made = replace(Bundle.load(TUNED), precision=precision, passport={"extras": {}, **facts})
        return ClipEncoder(made, device="cpu").joinable

    assert joinable("int8", ranges="dynamic") == joinable("int8") == 1  # towers imported before have no ranges
    assert joinable("int8", ranges="rows") == joinable("int8", ranges="static") == joinable("fp32") == 32


def test_a_real_model_answers_within_the_limit() -> None:
    encoder = ClipEncoder(Bundle.load(TUNED), device="cpu", threads=1)
    with Batcher(encoder.encode_texts, seconds=30) as batcher, ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(batcher, [f"a boat {number}" for number in range(100)]))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
