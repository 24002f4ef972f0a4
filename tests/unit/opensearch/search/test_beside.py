from __future__ import annotations

import threading

import pytest
from clipseek.opensearch.search.beside import Beside


def test_it_runs_at_the_same_time_and_gives_what_the_call_gave() -> None:
    met = threading.Barrier(2, timeout=5)

    def call() -> int:
        met.wait()  # passes only if both run at once
        return 7

    with Beside(call) as other:
        met.wait()
    assert other.result() == 7


def test_it_raises_what_the_call_raised_and_only_when_asked() -> None:
    def fail() -> int:
        raise IndexError

    with Beside(fail) as other:
        pass
    with pytest.raises(IndexError):
        other.result()
