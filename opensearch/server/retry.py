"""Failures that pass by themselves, and the one policy by which a request is sent again after them.

Every request that clipseek makes may be sent twice without harm: it names what it changes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..errors import OpenSearchError, RequestRefused, TimedOut, Unreachable

T = TypeVar("T")

#: Too busy, or not there for a moment.
PASSING_STATUSES = frozenset((429, 500, 502, 503, 504))
#: What a server answers, with whatever status, while a shard or a node of it is away.
_AWAY = frozenset(
    (
        "shard_not_found_exception",
        "no_shard_available_action_exception",
        "unavailable_shards_exception",
        "node_closed_exception",
        "node_disconnected_exception",
        "node_not_connected_exception",
        "index_shard_not_started_exception",
        "illegal_index_shard_state_exception",
    )
)
#: A server's own wish is followed up to here.
LONGEST_RETRY_AFTER = 300.0


@dataclass(frozen=True)
class Retry:
    """How often and how long: the n-th pause is about ``first_seconds`` * 2**n, at most ``longest_seconds``, less a
    random part; or what the server asks for in Retry-After, if that is longer.
    """

    attempts: int = 12
    first_seconds: float = 0.5
    longest_seconds: float = 20.0

    def pause(self, attempt: int, wanted: float | None = None) -> float:
        """Seconds after the failed ``attempt``, counted from 0; ``wanted`` is the server's Retry-After.

        Random, so that several writers do not come back together.
        """
        own = min(self.longest_seconds, self.first_seconds * 2.0**attempt) * random.uniform(0.5, 1.0)
        if wanted is None:
            return own
        return max(own, min(wanted, LONGEST_RETRY_AFTER) * random.uniform(1.0, 1.1))


#: Of a search: one more try at once, for a kept-alive connection that the server has closed; a person is waiting.
AT_ONCE = Retry(attempts=2, first_seconds=0.0)


@dataclass(frozen=True)
class Retried:
    """A request that failed and will be sent again: the ``attempt``-th of ``attempts`` failed, for ``reason``, and the next follows
    in ``seconds``.
    """

    attempt: int
    attempts: int
    seconds: float
    reason: str


OnRetry = Callable[[Retried], None]


def unheard(event: Retried) -> None:
    """For callers that do not look at retries."""


def passes(problem: BaseException) -> bool:
    """True for a failure that may be gone at the next try."""
    if isinstance(problem, (Unreachable, TimedOut)):
        return True
    return isinstance(problem, RequestRefused) and is_passing(problem.status, problem.kind)


def is_passing(status: int, kind: str) -> bool:
    """``passes`` for a status and the server's name of the error, as they stand in the items of a bulk."""
    return status in PASSING_STATUSES or kind in _AWAY


def persist(
    call: Callable[[], T],
    retry: Retry,
    on_retry: OnRetry = unheard,
    pause: Callable[[float], object] = time.sleep,
    applies: Callable[[BaseException], bool] = passes,
) -> T:
    """What ``call`` returns; called again after failures to which the policy ``applies``, and after the last try its failure is
    raised.
    """
    for attempt in range(retry.attempts - 1):
        try:
            return call()
        except OpenSearchError as problem:
            if not applies(problem):
                raise
            seconds = retry.pause(attempt, wanted(problem))
            on_retry(Retried(attempt + 1, retry.attempts, seconds, str(problem)))
            pause(seconds)
    return call()


def wanted(problem: BaseException) -> float | None:
    """The seconds that a server's Retry-After asked for."""
    return problem.retry_after if isinstance(problem, RequestRefused) else None
