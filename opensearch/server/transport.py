"""The way of a request: sent by opensearch-py, its failure one of ours, and sent again after failures that pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import opensearchpy
from opensearchpy.connection import Urllib3HttpConnection
from opensearchpy.exceptions import HTTP_EXCEPTIONS
from opensearchpy.transport import Transport

from ..errors import RequestRefused, Unreachable
from .credentials.kinds import Credentials
from .failures import translating
from .retry import AT_ONCE, OnRetry, Retry, passes, persist, unheard


class Connection(Urllib3HttpConnection):
    """opensearch-py's own, which also remembers the header Retry-After: the exceptions do not hold it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last = threading.local()

    def get_response_headers(self, response: Any) -> Any:
        headers = super().get_response_headers(response)
        self._last.retry_after = headers.get("retry-after")
        return headers

    def _raise_error(self, status_code: int, raw_data: str | bytes, content_type: str | None = None) -> None:
        try:
            super()._raise_error(status_code, raw_data, content_type)
        except AttributeError:  # JSON that is no object, which the library does not expect of an error
            kind = HTTP_EXCEPTIONS.get(status_code, opensearchpy.exceptions.TransportError)
            raise kind(status_code, raw_data, None) from None

    def take_retry_after(self) -> str | None:
        """What the last refusal that this thread got asked for; once."""
        value, self._last.retry_after = getattr(self._last, "retry_after", None), None
        return value


@dataclass(frozen=True)
class Policy:
    """Which failures are tried again, how, and who hears of it."""

    retry: Retry = AT_ONCE
    applies: Callable[[BaseException], bool] = lambda problem: (
        isinstance(problem, Unreachable) or (isinstance(problem, RequestRefused) and problem.status in (502, 503, 504))
    )
    on_retry: OnRetry = unheard
    pause: Callable[[float], object] = time.sleep


#: A failure is the caller's.
NO_RETRY = Policy(Retry(attempts=1))


class MappingTransport(Transport):
    """A transport out of which no exception of opensearch-py comes: every request's failure is an OpenSearchError.

    opensearch-py's own retries are off; ``policy`` says what is sent again.
    """

    policy = Policy()

    def __init__(self, *args: Any, credentials: Credentials | None = None, **kwargs: Any) -> None:
        self.credentials = credentials or Credentials()
        super().__init__(*args, **{**kwargs, "max_retries": 0})

    def perform_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return persist(
            lambda: self._once(method, url, *args, **kwargs),
            self.policy.retry,
            self.policy.on_retry,
            self.policy.pause,
            self.policy.applies,
        )

    def _once(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        try:
            with translating(self.hosts[0]["address"], self.credentials.hide):
                return super().perform_request(method, url, *args, **kwargs)
        except RequestRefused as problem:
            connection = self.get_connection()
            if isinstance(connection, Connection):
                problem.retry_after = seconds_of(connection.take_retry_after())
            raise


def with_policy(client: opensearchpy.OpenSearch, policy: Policy) -> opensearchpy.OpenSearch:
    """A client like ``client``, on its connections, whose requests are sent again as ``policy`` says."""
    old: Any = client.transport

    def transport(hosts: Any, **given: Any) -> Any:
        made = old.__class__.__new__(old.__class__)
        made.__dict__.update(old.__dict__)
        made.policy = policy
        return made

    return opensearchpy.OpenSearch(transport_class=transport)  # type: ignore[arg-type]


def patient(
    client: opensearchpy.OpenSearch,
    retry: Retry | None = None,
    on_retry: OnRetry = unheard,
    pause: Callable[[float], object] = time.sleep,
) -> opensearchpy.OpenSearch:
    """``client`` for long work: each of its requests is sent again for minutes while the server is busy or away."""
    return with_policy(client, Policy(retry or Retry(), passes, on_retry, pause))


def seconds_of(value: str | None) -> float | None:
    """The seconds of a header Retry-After, which is a number or a date; None for what is neither."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None
