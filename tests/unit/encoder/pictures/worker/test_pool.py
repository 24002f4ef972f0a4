"""Files that crash, hang, eat memory or print cost themselves alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.worker.pool import Pool
from clipseek.encoder.pictures.worker.process import Limits

_ROOT = Path(__file__).resolve().parents[5]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setenv("PYTHONPATH", str(_ROOT))
    made = Pool("tests.unit.encoder.pictures.worker.tasks:work", Limits(500), size=2)
    yield made
    made.close()


def test_values_come_back_as_they_were(pool: Pool) -> None:
    answer = pool.ask(b"\x00\xff\x07", {"kind": ">f4"})
    assert answer.words["length"] == 3
    assert answer.said == ""
    assert answer.arrays[0].dtype == np.dtype(">f4")
    assert answer.arrays[0].tolist() == [[0, 255, 7]]
    assert answer.arrays[1].shape == (0, 3)


def test_a_worker_is_kept_and_one_that_refuses_too(pool: Pool) -> None:
    first = pool.ask(b"a", {}).words["pid"]
    for data, reason in ((b"refuse", "of no use"), (b"raise", "cannot be decoded: 'a tag'")):
        with pytest.raises(ImageError, match=reason):
            pool.ask(data, {})
    assert pool.ask(b"b", {}).words["pid"] == first


def test_a_crash_costs_its_file_and_is_said_with_what_was_printed(pool: Pool) -> None:
    first = pool.ask(b"a", {}).words["pid"]
    with pytest.raises(ImageError, match=r"crashed \(signal SIGSEGV: libodd: bad box\)"):
        pool.ask(b"crash", {})
    with pytest.raises(ImageError, match=r"crashed \(exit code 3\)"):
        pool.ask(b"exit", {})
    assert pool.ask(b"a", {}).words["pid"] != first


def test_a_crash_that_an_earlier_file_caused_is_not_this_file_s(pool: Pool) -> None:
    pool.ask(b"crash later", {})
    assert pool.ask(b"well", {}).words["length"] == 4


def test_what_takes_too_long_is_ended_and_not_tried_again(pool: Pool) -> None:
    quick = Pool("tests.unit.encoder.pictures.worker.tasks:work", Limits(500, seconds=2), size=1)
    began = time.monotonic()
    with pytest.raises(ImageError, match="longer than 2 seconds"):
        quick.ask(b"hang", {})
    assert time.monotonic() - began < 10
    quick.close()


def test_memory_has_a_limit(pool: Pool) -> None:
    with pytest.raises(ImageError, match=r"more than 0\.5 GB of memory"):
        pool.ask(b"eat", {})
    assert pool.ask(b"a", {}).words["length"] == 1


def test_what_is_printed_comes_with_its_file(pool: Pool, capfd: pytest.CaptureFixture[str]) -> None:
    assert pool.ask(b"print", {}).said == "libodd: to stdout; libodd: odd tag"
    assert pool.ask(b"a", {}).said == ""
    assert capfd.readouterr() == ("", "")


def test_many_threads_share_few_workers(pool: Pool) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: pool.ask(bytes(number), {}), range(1, 41)))
    assert [answer.words["length"] for answer in answers] == list(range(1, 41))
    assert len({answer.words["pid"] for answer in answers}) <= 2


def test_closing_ends_the_processes(pool: Pool) -> None:
    pid = pool.ask(b"a", {}).words["pid"]
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert pool.ask(b"a", {}).words["pid"] != pid
