"""Every failure of a server, or of the way to it, as one of the errors of ``errors.py``, in one line."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import opensearchpy
import urllib3.exceptions

from ..errors import (
    AccessRefused,
    IndexReadOnly,
    NotFound,
    OpenSearchError,
    PluginMissing,
    RequestRefused,
    ServerError,
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


#: What became of a request that no status came back for: opensearch-py's exception, ours, and what is said, most special first.
_WITHOUT_ANSWER: tuple[tuple[type[Exception], type[OpenSearchError], str], ...] = (
    (
        opensearchpy.exceptions.SSLError,
        TLSFailed,
        "no TLS with {address} ({reason}); name its authority's certificate in CLIPSEEK_CA_CERTS, or set "
        "CLIPSEEK_VERIFY_CERTS=0 if you trust the way there",
    ),
    (
        opensearchpy.exceptions.ConnectionTimeout,
        TimedOut,
        "{address} did not answer in time; is it overloaded or still starting? Run the command again",
    ),
    (opensearchpy.exceptions.ConnectionError, Unreachable, f"no OpenSearch at {{address}} ({{reason}}); {NOT_HERE}"),
    (
        opensearchpy.exceptions.SerializationError,
        ServerUnfit,
        "{address} answered with something that is not JSON; is it an OpenSearch server?",
    ),
)
# The alert itself, or the end that comes in its place where this side was still writing.
_CERTIFICATE_WANTED = re.compile(r"CERTIFICATE[ _]REQUIRED|alert bad certificate|EOF occurred", re.I)
#: Why no connection was made or kept, by the exception that urllib3 wraps, most special first.
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (urllib3.exceptions.NameResolutionError, "unknown host"),
    (ConnectionRefusedError, "connection refused"),
    (http.client.RemoteDisconnected, "it closed the connection; does it want https?"),
    (ConnectionResetError, "connection reset"),
    (TimeoutError, "no answer in time"),
)


@contextmanager
def translating(address: str, hide: Callable[[str], str] = str) -> Iterator[None]:
    """Raise opensearch-py's exceptions of a request to the server at ``address`` as those of ``errors.py``.

    ``hide`` takes secrets out of what the server said: some echo a request's headers.
    """
    try:
        yield
    except opensearchpy.exceptions.OpenSearchException as problem:
        error = translated(problem, address)
        said = f"{error} {problem!r}"
        if hide(said) == said:
            raise error from problem
        error.args = (hide(str(error)), *error.args[1:])
        raise error from None  # the cause has them still, and tracebacks print causes


def translated(problem: opensearchpy.exceptions.OpenSearchException, address: str) -> OpenSearchError:
    """The error of our tree for ``problem``, a failed request to the server at ``address``."""
    for theirs, ours, message in _WITHOUT_ANSWER:
        if isinstance(problem, theirs):
            reason = _why_unreachable(problem)
            if ours is TLSFailed and _CERTIFICATE_WANTED.search(reason):
                message = (
                    "{address} wants a client certificate; name one in CLIPSEEK_CLIENT_CERT and CLIPSEEK_CLIENT_KEY"
                )
            return ours(message.format(address=address, reason=reason))
    if not isinstance(problem, opensearchpy.exceptions.TransportError):
        return ServerError(f"the request to {address} failed ({_brief(problem)})")
    info: Any = problem.info
    error = info.get("error") if isinstance(info, dict) else None
    status = problem.status_code if isinstance(problem.status_code, int) else 0
    return refusal(address, status, error or problem.error)


def check_answers(address: str, answers: Iterable[Mapping[str, Any]]) -> None:
    """Raise the first error that stands in ``answers``: those of an ``_msearch``, the documents of an ``_mget``, or the results of
    a ``_bulk``. Such a request succeeds as a whole even where parts of it failed.
    """
    for answer in answers:
        if error := answer.get("error"):
            raise refusal(address, int(answer.get("status", 400)), error)


def refusal(address: str, status: int, error: object) -> OpenSearchError:
    """The error for this HTTP status and a server's ``error``, the object that OpenSearch answers or a text. Its reason is the
    root cause's, with those of the causes below it.
    """
    kind, reason = "", _brief(error)
    if isinstance(error, dict):
        root = (error.get("root_cause") or [error])[0]
        kind, reason = str(error.get("type", "")), str(root.get("reason") or "")
        cause = error.get("caused_by")
        while isinstance(cause, dict):
            if (deeper := str(cause.get("reason", ""))) and deeper not in reason:
                reason = f"{reason}: {deeper}"
            cause = cause.get("caused_by")
        reason = _brief(reason)
    if status == 401:
        return AccessRefused(
            f"{address} wants credentials, or refused these; set CLIPSEEK_USERNAME and CLIPSEEK_PASSWORD, or another kind, and see "
            "what was used with: clipseek server check"
        )
    # A block with 503 is a server that is starting or has lost its others: it goes away by itself.
    if status != 503 and (kind == "cluster_block_exception" or "index read-only" in reason):
        if "flood-stage" in reason or "disk usage" in reason:
            return IndexReadOnly(
                f"{address} takes no writes because its disk is nearly full; free some space there (the block goes "
                "away by itself) and run the command again",
                by_disk=True,
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


def _why_unreachable(problem: Exception) -> str:
    """What kept the request from being answered, in a few words; else the exception's own."""
    causes = list(_causes(problem))
    for kind, words in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    return _brief(getattr(problem, "info", problem))


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and every one inside it: urllib3 hands them on as arguments, as ``reason`` and as causes."""
    waiting, seen = [problem], set[int]()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        waiting += [one for one in inner if isinstance(one, BaseException)]


def _brief(text: object) -> str:
    """One line of at most 400 characters: a server's reason may hold a whole query."""
    line = " ".join(str(text).split())
    return line if len(line) <= 400 else f"{line[:397]}..."
