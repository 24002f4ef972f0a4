"""One bulk request that arrives: every item's status read, and what the server was too busy for sent again.

Each action may be sent twice without harm: it names its document.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import opensearchpy

from ..errors import IndexReadOnly, IngestFailed, OpenSearchError, RequestRefused, TimedOut, Unreachable
from ..server.address import address
from ..server.failures import refusal

#: Too busy, or not there for a moment: worth another try. 409 is a document that somebody else wrote meanwhile.
_BUSY = frozenset((409, 429, 502, 503, 504))
_ANSWER = "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"


@dataclass(frozen=True)
class Action:
    """One document's two lines of a bulk body."""

    kind: Literal["index", "update"]
    path: Path
    body: bytes


@dataclass(frozen=True)
class Rejected:
    """An action that the server will never take, and why."""

    action: Action
    reason: str


@dataclass(frozen=True)
class Retry:
    """How often and how long: the n-th pause is about ``first_seconds`` * 2**n, at most ``longest_seconds``, less a
    random part.
    """

    attempts: int = 9
    first_seconds: float = 0.5
    longest_seconds: float = 20.0

    def pause(self, attempt: int) -> float:
        """Seconds after the failed ``attempt``, counted from 0.

        Random, so that several writers do not come back together.
        """
        return min(self.longest_seconds, self.first_seconds * 2.0**attempt) * random.uniform(0.5, 1.0)


@dataclass
class Tally:
    """What the server has confirmed so far."""

    indexed: int = 0
    updated: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def send(
    client: opensearchpy.OpenSearch,
    actions: Sequence[Action],
    tally: Tally,
    *,
    retry: Retry,
    timeout: float,
    wait: Callable[[float], object],
) -> None:
    """Send ``actions`` as one bulk and count the answers in ``tally``; only what the server was too busy for is sent again.

    Raises IngestFailed when the last try failed too, IndexReadOnly and AccessRefused at once.
    """
    left = list(actions)
    reason = ""
    for attempt in range(retry.attempts):
        try:
            left, reason = _send_once(client, left, tally, timeout)
        except (Unreachable, TimedOut) as problem:
            reason = str(problem)
        except RequestRefused as problem:
            if problem.status == 413 and len(left) > 1:
                for half in (left[: len(left) // 2], left[len(left) // 2 :]):
                    send(client, half, tally, retry=retry, timeout=timeout, wait=wait)
                return
            if problem.status not in _BUSY:
                raise
            reason = str(problem)
        if not left:
            return
        if attempt + 1 < retry.attempts:
            wait(retry.pause(attempt))
    raise IngestFailed(
        f"{len(left)} documents could not be indexed in {retry.attempts} tries ({reason}); run the same command "
        "again: what is in the index is not encoded again"
    )


def _send_once(
    client: opensearchpy.OpenSearch, actions: Sequence[Action], tally: Tally, timeout: float
) -> tuple[list[Action], str]:
    """The actions to send again, and the last reason for that."""
    answer: Any = client.transport.perform_request(
        "POST",
        "/_bulk",
        params={"filter_path": _ANSWER},
        body=b"".join(action.body for action in actions),
        timeout=timeout,
        headers={"content-type": "application/x-ndjson"},
    )
    items = answer.get("items") if isinstance(answer, dict) else None
    if not isinstance(items, list) or len(items) != len(actions):
        raise OpenSearchError(
            f"{address(client)} answered a bulk of {len(actions)} without a status for each; is there a proxy in "
            "between?"
        )
    again: list[Action] = []
    why = ""
    for action, entry in zip(actions, items, strict=True):
        result = next(iter(entry.values()))
        status = int(result.get("status", 0))
        if 200 <= status < 300:
            if action.kind == "index":
                tally.indexed += 1
            else:
                tally.updated += 1
            continue
        problem = refusal(address(client), status, result.get("error") or f"status {status}")
        if isinstance(problem, IndexReadOnly) or status in (401, 403):
            raise problem
        if status in _BUSY:
            again.append(action)
            why = str(problem)
        else:
            tally.rejected.append(Rejected(action, str(problem)))
    return again, why
