"""Every failure of a server as an error of this room: all exceptions of opensearch-py and urllib3 are walked."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from typing import Any

import opensearchpy
import pytest
import urllib3
from clipseek.opensearch import errors
from clipseek.opensearch.server.client import connect
from clipseek.opensearch.server.failures import check_answers, refusal, translated, translating
from clipseek.testing.server import FakeServer, error
from opensearchpy.exceptions import SerializationError


def one_line(problem: BaseException) -> str:
    text = str(problem)
    assert text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("status", "kind", "reason", "expected", "said"),
    [
        (400, "x", "unknown setting [index.knn] please check", errors.PluginMissing, "opensearch-knn"),
        (400, "mapper_parsing_exception", "No handler for type [knn_vector] declared", errors.PluginMissing, "-knn"),
        (400, "parsing_exception", "unknown query [hybrid]", errors.PluginMissing, "opensearch-neural-search"),
        (400, "parsing_exception", "unknown query [knn]", errors.PluginMissing, "opensearch-knn"),
        (400, "illegal", "Invalid processor type [normalization-processor]", errors.PluginMissing, "neural-search"),
        (401, "", "Unauthorized", errors.AccessRefused, "CLIPSEEK_USERNAME"),
        (403, "security_exception", "no permissions for x", errors.AccessRefused, "no permissions for x"),
        (
            429,
            "cluster_block_exception",
            "index [i] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]",
            errors.IndexReadOnly,
            "disk is nearly full",
        ),
        (
            403,
            "cluster_block_exception",
            "blocked by: [FORBIDDEN/8/index write]",
            errors.IndexReadOnly,
            "remove the block",
        ),
        (404, "index_not_found_exception", "no such index [x]", errors.NotFound, "no such index"),
        (500, "", "", errors.RequestRefused, "answered 500: no reason given"),
    ],
)
def test_what_an_answer_means(status: int, kind: str, reason: str, expected: type[Exception], said: str) -> None:
    problem = refusal("http://there", status, {"type": kind, "reason": reason})
    assert type(problem) is expected
    assert said in one_line(problem)


def test_a_refusal_carries_the_innermost_cause(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    status, body = error(400, "mapper_parsing_exception", "failed to parse")
    body["error"]["caused_by"] = {
        "type": "x",
        "reason": "middle",
        "caused_by": {"reason": "Vector dimension\nmismatch"},
    }
    server.interceptors.append(lambda *_: (status, body))
    with pytest.raises(errors.RequestRefused) as caught:
        client.indices.refresh(index="x")
    assert one_line(caught.value).endswith("answered 400: failed to parse: middle: Vector dimension mismatch")
    assert (caught.value.status, caught.value.kind) == (400, "mapper_parsing_exception")


def test_a_reason_that_holds_a_whole_query_is_cut(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    server.interceptors.append(lambda *_: error(400, "x", "y" * 100_000))
    with pytest.raises(errors.RequestRefused) as caught:
        client.indices.refresh(index="x")
    assert len(one_line(caught.value)) < 600


def _kinds_of(base: type[Exception]) -> list[type[Exception]]:
    return [base, *(kind for below in base.__subclasses__() for kind in _kinds_of(below))]


@pytest.mark.parametrize("kind", _kinds_of(opensearchpy.exceptions.TransportError))
def test_no_exception_of_the_client_library_crosses_the_boundary(kind: type[Exception]) -> None:
    assert len(_kinds_of(opensearchpy.exceptions.OpenSearchException)) > 10
    for arguments in (("N/A", "words", OSError("x")), (500, "words", {}), (404, "words", {"error": "text"})):
        with pytest.raises(errors.ServerError) as caught, translating("http://there"):
            raise kind(*arguments)
        assert "http://there" in one_line(caught.value)


@pytest.mark.parametrize("kind", [opensearchpy.exceptions.OpenSearchException, SerializationError])
def test_nor_one_without_a_status(kind: type[Exception]) -> None:
    with pytest.raises(errors.ServerError, match="http://there"), translating("http://there"):
        raise kind("words", OSError("x"))


#: What urllib3 raises takes arguments of its own.
_URLLIB3: dict[type[Exception], Callable[[Any], Exception]] = {
    urllib3.exceptions.IncompleteRead: lambda kind: kind(1, 2),
    urllib3.exceptions.InvalidChunkLength: lambda kind: kind(None, b"x"),
    urllib3.exceptions.MaxRetryError: lambda kind: kind(None, "/", OSError("x")),
    urllib3.exceptions.NameResolutionError: lambda kind: kind("there", None, socket.gaierror("x")),
    urllib3.exceptions.NewConnectionError: lambda kind: kind(None, "x"),
    urllib3.exceptions.HostChangedError: lambda kind: kind(None, "/"),
    urllib3.exceptions.HeaderParsingError: lambda kind: kind([], b"x"),
    urllib3.exceptions.ProxyError: lambda kind: kind("x", OSError("x")),
    urllib3.exceptions.PoolError: lambda kind: kind(None, "x"),
    urllib3.exceptions.RequestError: lambda kind: kind(None, "/", "x"),
    urllib3.exceptions.ReadTimeoutError: lambda kind: kind(None, "/", "x"),
}


@pytest.mark.parametrize("kind", _kinds_of(urllib3.exceptions.HTTPError))
def test_whatever_urllib3_raises_is_one_line(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        make = next((_URLLIB3[base] for base in kind.__mro__ if base in _URLLIB3), lambda kind: kind("x"))
        raise make(kind)

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", fail)
    with pytest.raises(errors.ServerError) as caught:
        connect("http://there:9200", environ={})
    assert "http://there:9200" in one_line(caught.value)
    if kind is urllib3.exceptions.NameResolutionError:
        assert "(unknown host)" in one_line(caught.value)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (http.client.RemoteDisconnected("closed without response"), "does it want https?"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection reset"),
        (TimeoutError("timed out"), "no answer in time"),
        (OSError(113, "No route to host"), "No route to host"),
    ],
)
def test_why_a_server_cannot_be_reached(cause: Exception, words: str) -> None:
    wrapped = urllib3.exceptions.ProtocolError("Connection aborted.", cause)
    problem = translated(opensearchpy.exceptions.ConnectionError("N/A", str(wrapped), wrapped), "http://there")
    assert isinstance(problem, errors.Unreachable)
    assert words in one_line(problem)


def test_answers_in_one_answer_are_checked_each() -> None:
    good = {"hits": {"hits": []}, "status": 200}
    check_answers("images", [good, good])
    cause = {"type": "query_shard_exception", "reason": "failed to create query"}
    bad = {
        "status": 400,
        "error": {
            "root_cause": [cause],
            "type": "search_phase_execution_exception",
            "reason": "all shards failed",
            "caused_by": {**cause, "caused_by": {"reason": "maxClauseCount is set to 1024"}},
        },
    }
    with pytest.raises(errors.RequestRefused) as caught:
        check_answers("images", [good, bad])
    assert one_line(caught.value) == ("images answered 400: failed to create query: maxClauseCount is set to 1024")
    with pytest.raises(errors.RequestRefused, match="answered 400: no such thing"):
        check_answers("images", [{"error": "no such thing"}])
    with pytest.raises(errors.AccessRefused):
        check_answers("images", [{"error": {"type": "security_exception", "reason": "no"}, "status": 403}])
