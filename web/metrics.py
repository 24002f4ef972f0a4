"""What Prometheus reads: how many requests there were, how long they took, and where the time went. No label holds a query."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """One application's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "clipseek_requests", "Requests that were answered.", ("route", "method", "status"), registry=registry
        )
        self.seconds = Histogram(
            "clipseek_request_seconds",
            "From a request to the end of its answer.",
            ("route",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge("clipseek_requests_in_flight", "Requests that are worked on or wait.", registry=registry)
        self.stages = Histogram(
            "clipseek_stage_seconds",
            "Of a search: encode is the wait for a query's vectors, server the search server's own time.",
            ("stage",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.vectors = Counter(
            "clipseek_query_vectors",
            "Vectors of queries: encoded, or known from before.",
            ("origin",),
            registry=registry,
        )
        self.log_records = Counter(
            "clipseek_log_records",
            "Records of searches and of feedback, where these are logged: written, or dropped because the search server did not "
            "take them.",
            ("log", "outcome"),
            registry=registry,
        )

    def count_records(self, log: str, written: bool, number: int) -> None:
        """``number`` records of a log, named by its index, were written, or else dropped."""
        self.log_records.labels(log.removeprefix("clipseek-"), "written" if written else "dropped").inc(number)


class MeasureRequests:
    """ASGI application that counts and times every request to ``app``. ``routes``: paths whose parameters stand in braces, by which
    requests are told apart; ``root``: the path that a proxy may have put before them.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Iterable[str], root: str = "") -> None:
        self._app, self._metrics, self._root = app, metrics, root
        self._routes = [(re.compile(re.sub(r"{\w+}", "[^/]+", route)), route) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, sending)
        finally:
            self._metrics.in_flight.dec()
            route, method = self._route(scope["path"]), _METHODS.get(scope["method"], "other")
            self._metrics.requests.labels(route, method, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)

    def _route(self, path: str) -> str:
        """The route with its parameters' names, never what stands in their place: that would be a time series for each."""
        path = path.removeprefix(self._root)
        if path.startswith("/static/"):
            return "/static"
        return next((route for pattern, route in self._routes if pattern.fullmatch(path)), "other")


#: A client may send any word as a method, and each would be a time series.
_METHODS = {name: name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")}
