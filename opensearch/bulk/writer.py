"""Bulk requests in the background: actions are collected into bounded bulks, which a few threads send. Every item's status is read,
and what the server was too busy for is sent again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import opensearchpy

from ..errors import IndexReadOnly, IngestFailed, OpenSearchError, RequestRefused
from ..server.disk import disk_is_full, explained
from ..server.retry import OnRetry, Retried, Retry, passes, unheard, wanted
from ..server.transport import NO_RETRY, with_policy
from .actions import Action, Answered
from .one_bulk import send_once
from .window import MOST, Window

#: Of one bulk; and how long an action waits for others.
MAX_ACTIONS, MAX_SECONDS = 2000, 2.0
#: Refusals without one document taken, after which it is of no use to go on.
MOST_REFUSED = 1000
#: A caller that waits looks this often for what the threads ran into.
_LOOK_SECONDS = 0.2
#: Tries of documents that the server fails at, while it takes others; and of any, once its disk is full.
_TRIES_OF_500, _TRIES_OF_FULL = 3, 3


class BulkWriter:
    """Collects actions and sends them by a few threads; a context manager. At most ``window.limit`` bulks are under way, and
    one more is collected.

    ``answers`` are what the server said, in no order, to be taken away by the caller. ``add`` and ``settle`` raise what the threads
    ran into: IngestFailed after the last try, or the server's refusal. Actions of one document must not be under way together:
    ``settle`` waits for all. Leaving the context without ``settle`` drops what was not sent.
    """

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        retry: Retry,
        on_retry: OnRetry = unheard,
        stop: threading.Event | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._client, self._retry, self._on_retry = with_policy(client, NO_RETRY), retry, on_retry
        self._stop = stop or threading.Event()
        self._meanwhile = meanwhile
        self.answers: deque[Answered] = deque()
        self.window = Window()
        self.sent_bytes = 0
        self._collected: list[Action] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._changed = threading.Condition()
        self._under_way = 0
        self._not_before = 0.0
        self._refused, self._taken = 0, 0
        self._problem: BaseException | None = None
        self._pool = ThreadPoolExecutor(MOST, thread_name_prefix="clipseek-bulk")

    def __enter__(self) -> BulkWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def add(self, action: Action) -> None:
        """Take one action; blocks while the server is behind."""
        self._raise()
        if self._collected and self._bytes + len(action.body) > self.window.bytes:
            self._flush()
        if not self._collected:
            self._since = time.monotonic()
        self._collected.append(action)
        self._bytes += len(action.body)
        # By time too: what a slow model has encoded for minutes must not be lost to a kill.
        if len(self._collected) >= MAX_ACTIONS or time.monotonic() - self._since > MAX_SECONDS:
            self._flush()

    def flush_old(self) -> None:
        """Send what has waited for long enough; for a caller who has nothing to add."""
        self._raise()
        if self._collected and time.monotonic() - self._since > MAX_SECONDS:
            self._flush()

    def settle(self) -> None:
        """Send the rest and wait for every answer."""
        self._flush()
        self._wait(lambda: self._under_way == 0)
        self._raise()

    def _raise(self) -> None:
        if self._problem is not None:
            raise self._problem

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Until ``condition`` holds, or a thread has run into a problem."""
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: condition() or self._problem is not None, _LOOK_SECONDS):
                    return
            self._meanwhile()

    def _flush(self) -> None:
        """Hand over what is collected, without waiting for the answer."""
        if not self._collected:
            return
        actions, self._collected, self._bytes = self._collected, [], 0
        self._wait(lambda: self._under_way < self.window.limit)
        self._raise()
        with self._changed:
            self._under_way += 1
        self._pool.submit(self._work, actions)

    def _work(self, actions: list[Action]) -> None:
        try:
            if self._problem is None:
                self._send(actions)
        except BaseException as problem:
            with self._changed:
                self._problem = self._problem or problem
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _send(self, actions: Sequence[Action]) -> None:
        """Send ``actions`` as one bulk; only what the server was too busy for is sent again.

        Raises IngestFailed when the last try failed too, AccessRefused at once, and so IndexReadOnly, but where the disk has room
        again: the server takes that block away when it next looks.
        """
        reason, blocked = "", None
        for attempt in range(self._retry.attempts):
            self._stop.wait(self._not_before - time.monotonic())
            if self._stop.is_set():
                return
            after: float | None = None
            try:
                actions, reason, busy = self._send_once(actions)
            except OpenSearchError as problem:
                if self._alone(actions, problem):
                    return
                if isinstance(problem, IndexReadOnly) and problem.by_disk and disk_is_full(self._client) is False:
                    blocked = problem
                elif not passes(problem):
                    raise explained(self._client, problem) from problem
                reason, busy, after = str(problem), True, wanted(problem)
            with self._changed:
                (self.window.busy if busy else self.window.answered)()
                self._changed.notify_all()
            if not actions:
                return
            if attempt + 1 >= self._tries(attempt, reason):
                break
            self._pause(attempt, reason, after)
        if _is_own(reason) and not disk_is_full(self._client):
            self._heard([Answered(action, "refused", reason) for action in actions])
            return
        raise explained(
            self._client,
            blocked
            or IngestFailed(
                f"{len(actions)} documents could not be indexed in {attempt + 1} tries ({reason}); run the same command "
                "again: what is in the index is not encoded again"
            ),
        )

    def _tries(self, attempt: int, reason: str) -> int:
        """How often documents are sent for which the server gave this ``reason`` at the ``attempt``-th time."""
        if _is_own(reason) and self._taken:
            return _TRIES_OF_500
        # A shard whose disk is full is away. Every try waits for it, and it does not come back by waiting.
        if attempt + 1 >= _TRIES_OF_FULL and " answered 429: " not in reason and disk_is_full(self._client):
            return _TRIES_OF_FULL
        return self._retry.attempts

    def _pause(self, attempt: int, reason: str, after: float | None) -> None:
        seconds = self._retry.pause(attempt, after)
        if after is not None:  # the server's wish is for all
            self._not_before = max(self._not_before, time.monotonic() + seconds)
        self._on_retry(Retried(attempt + 1, self._retry.attempts, seconds, reason))
        self._stop.wait(seconds)

    def _alone(self, actions: Sequence[Action], problem: OpenSearchError) -> bool:
        """Too large together, or one of them cannot be read: sent in halves, until the one is found that is refused alone."""
        if not isinstance(problem, RequestRefused) or problem.status not in (400, 413):
            return False
        if len(actions) == 1:
            self._heard([Answered(actions[0], "refused", str(problem))])
        else:
            middle = len(actions) // 2
            self._send(actions[:middle])
            self._send(actions[middle:])
        return True

    def _send_once(self, actions: Sequence[Action]) -> tuple[list[Action], str, bool]:
        """The actions to send again, the last reason for that, and whether the server was busy."""
        answers, again, why = send_once(self._client, actions)
        self.sent_bytes += sum(len(action.body) for action in actions)
        self._heard(answers)
        return again, why, bool(again)

    def _heard(self, answers: list[Answered]) -> None:
        with self._changed:
            self.answers.extend(answers)
            refused = [answer for answer in answers if answer.state == "refused"]
            self._refused += len(refused)
            self._taken += len(answers) - len(refused)
            if self._refused >= MOST_REFUSED and not self._taken:
                raise IngestFailed(
                    f"the server has refused {self._refused:,} documents and taken none ({refused[-1].reason}); nothing more is "
                    "encoded for it"
                )


def _is_own(reason: str) -> bool:
    """True for a server's own error, which may be one that these documents make, and no others."""
    return " answered 500: " in reason
