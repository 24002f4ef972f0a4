"""Every failure of a server, or of the way to it, as one of the errors of ``errors.py``, in one line."""

from __future__ import annotations

import re
from typing import Any

import opensearchpy
from opensearchpy.transport import Transport

from ..errors import (
    AccessRefused,
    IndexReadOnly,
    NotFound,
    OpenSearchError,
    PluginMissing,
    RequestRefused,
    ServerUnfit,
    TimedOut,
    TLSFailed,
    Unreachable,
)

KNN_PLUGIN = "opensearch-knn"
NEURAL_PLUGIN = "opensearch-neural-search"
#: What to do where no server answers.
NOT_HERE = "start one here with: clipseek node start, or name another with --url"
# What a server without the plugin answers to what only the plugin knows.
_PLUGIN_SIGNS = (
    (
        re.compile(r"unknown setting \[index\.knn\]|no handler for type \[knn_vector\]|unknown query \[knn\]", re.I),
        KNN_PLUGIN,
    ),
    (
        re.compile(r"unknown query \[hybrid\]|processor.*\[(normalization-processor|score-ranker-processor)\]", re.I),
        NEURAL_PLUGIN,
    ),
)


class MappingTransport(Transport):
    """A transport out of which no exception of opensearch-py comes: every request's failure is an OpenSearchError."""

    def perform_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().perform_request(method, url, *args, **kwargs)
        except opensearchpy.exceptions.TransportError as problem:
            raise translated(problem, self.hosts[0]["address"]) from problem
        except opensearchpy.exceptions.SerializationError as problem:
            raise ServerUnfit(
                f"{self.hosts[0]['address']} answered with something that is not JSON; is it an OpenSearch server?"
            ) from problem


def translated(problem: opensearchpy.exceptions.TransportError, address: str) -> OpenSearchError:
    """The error of our tree that says what ``problem``, an answer of the server at ``address``, means to the user."""
    if isinstance(problem, opensearchpy.exceptions.SSLError):
        return _tls_failed(address, problem)
    if isinstance(problem, opensearchpy.exceptions.ConnectionTimeout):
        return TimedOut(f"{address} did not answer in time; is it overloaded or still starting? Run the command again")
    if isinstance(problem, opensearchpy.exceptions.ConnectionError):
        if "CERTIFICATE" in str(problem.info).upper() or "SSL" in str(problem.info).upper():
            return _tls_failed(address, problem)
        return Unreachable(f"no OpenSearch at {address} ({_why_unreachable(problem.info)}); {NOT_HERE}")
    status = problem.status_code if isinstance(problem.status_code, int) else 0
    kind, reason = _cause(problem)
    return refused(address, status, kind, reason)


def refused(address: str, status: int, kind: str, reason: str) -> OpenSearchError:
    """The error for an answer, or one bulk item, of this HTTP status, error type and reason."""
    if status == 401:
        return AccessRefused(
            f"{address} wants a user and a password, or refused these; put them into the URL "
            "(https://user:password@host:9200) or into CLIPSEEK_USERNAME and CLIPSEEK_PASSWORD"
        )
    if kind == "cluster_block_exception" or "index read-only" in reason:
        if "flood-stage" in reason or "disk usage" in reason:
            return IndexReadOnly(
                f"{address} takes no writes because its disk is nearly full; free some space there (the block goes "
                "away by itself) and run the command again"
            )
        return IndexReadOnly(f"{address} takes no writes here ({reason}); remove the block and run the command again")
    if status == 403:
        return AccessRefused(f"{address} does not let this user do that ({reason}); use one with rights on the index")
    for sign, plugin in _PLUGIN_SIGNS:
        if status == 400 and sign.search(reason):
            return missing_plugin(address, plugin)
    message = f"{address} answered {status}: {reason or kind or 'no reason given'}"
    return (NotFound if status == 404 else RequestRefused)(message, status, kind)


def missing_plugin(address: str, plugin: str) -> PluginMissing:
    """The error for a server without ``plugin``."""
    return PluginMissing(
        f"{address} has no plugin {plugin}; install it there (bin/opensearch-plugin install {plugin}) and restart "
        "that server, or start one that has it: clipseek node start"
    )


def _tls_failed(address: str, problem: opensearchpy.exceptions.TransportError) -> TLSFailed:
    return TLSFailed(
        f"no TLS with {address} ({_brief(problem.info)}); name its authority's certificate in CLIPSEEK_CA_CERTS, or "
        "set CLIPSEEK_VERIFY_CERTS=0 if you trust the way there"
    )


def _cause(problem: opensearchpy.exceptions.TransportError) -> tuple[str, str]:
    """Type and reason of the innermost cause that the server named."""
    info: Any = problem.info
    error = info.get("error") if isinstance(info, dict) else None
    if not isinstance(error, dict):
        return "", _brief(error or problem.error)
    roots = error.get("root_cause") or [error]
    kind, reason = str(error.get("type", "")), str(roots[0].get("reason", ""))
    cause = error.get("caused_by")
    while isinstance(cause, dict):
        if (deeper := str(cause.get("reason", ""))) and deeper not in reason:
            reason = f"{reason}: {deeper}"
        cause = cause.get("caused_by")
    return kind, _brief(reason)


def _why_unreachable(cause: object) -> str:
    """The system's own words for a failed connection, out of urllib3's wrapping."""
    text = str(cause)
    for sign, words in (
        ("refused", "connection refused"),
        ("resolve", "unknown host"),
        ("Name or service", "unknown host"),
        ("timed out", "no answer in time"),
        ("RemoteDisconnected", "it closed the connection; does it want https?"),
        ("reset", "connection reset"),
    ):
        if sign in text:
            return words
    return _brief(text)


def _brief(text: object) -> str:
    """One line of at most 400 characters: a server's reason may hold a whole query."""
    line = " ".join(str(text).split())
    return line if len(line) <= 400 else f"{line[:397]}..."
