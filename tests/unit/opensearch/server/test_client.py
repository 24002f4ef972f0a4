from __future__ import annotations

import base64
import socket
import time
from typing import Any

import numpy as np
import opensearchpy
import orjson
import pytest
from clipseek.opensearch import errors
from clipseek.opensearch.server.address import address
from clipseek.opensearch.server.capabilities import check_engine, check_plugins
from clipseek.opensearch.server.client import OrjsonSerializer, connect
from clipseek.opensearch.server.failures import MappingTransport, refused, translated

from tests.server import FakeServer, error


def one_line(problem: BaseException) -> str:
    text = str(problem)
    assert text
    assert "\n" not in text
    return text


def test_connect_says_who_answers(server: FakeServer) -> None:
    client = connect(server.url.removeprefix("http://"), environ={})
    assert address(client) == server.url
    assert server.log == [("GET", "/")]


@pytest.mark.parametrize(
    "url", ["", "ftp://host", "http://", "http://a b", "http://host:99999", "http://[::1", "http:///x"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(errors.InvalidAddress) as caught:
        connect(url, environ={})
    assert "write it like http://localhost:9200" in one_line(caught.value)


def test_a_wrong_address_does_not_show_the_password() -> None:
    with pytest.raises(errors.InvalidAddress) as caught:
        connect("http://me:secret@host:99999", environ={})
    assert "secret" not in one_line(caught.value)


def test_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://me:secret@127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(errors.Unreachable) as caught:
            connect(url, environ={})
    text = one_line(caught.value)
    assert "connection refused" in text
    assert "clipseek node start" in text
    assert "secret" not in text


def test_an_answer_that_takes_too_long(server: FakeServer) -> None:
    server.orders.append(lambda *_: time.sleep(1))
    with pytest.raises(errors.TimedOut, match="did not answer in time"):
        connect(server.url, timeout=0.1, environ={})


def test_a_server_that_hangs_up_once_is_asked_again(server: FakeServer) -> None:
    server.orders.append(lambda *_: (0, None))
    connect(server.url, environ={})
    assert server.log == [("GET", "/"), ("GET", "/")]


def test_https_where_none_is_spoken(server: FakeServer) -> None:
    with pytest.raises(errors.TLSFailed, match="CLIPSEEK_CA_CERTS"):
        connect(server.url.replace("http", "https"), environ={})


def test_an_authority_that_is_no_file() -> None:
    with pytest.raises(errors.InvalidAddress, match=r"/nope\.pem, which is no file"):
        connect("https://localhost:1", environ={"CLIPSEEK_CA_CERTS": "/nope.pem"})


@pytest.mark.parametrize(
    ("userinfo", "environ", "expected"),
    [
        ("", {}, None),
        ("me:p%40ss%20w%C3%B6rd@", {}, "me:p@ss wörd"),
        ("", {"CLIPSEEK_USERNAME": "me", "CLIPSEEK_PASSWORD": "名前"}, "me:名前"),
        ("me@", {"CLIPSEEK_PASSWORD": "x"}, "me:x"),
    ],
)
def test_credentials(server: FakeServer, userinfo: str, environ: dict[str, str], expected: str | None) -> None:
    connect(server.url.replace("://", f"://{userinfo}"), environ=environ)
    sent = server.headers[0].get("authorization")
    assert (None if sent is None else base64.b64decode(sent.removeprefix("Basic ")).decode()) == expected


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (
            {"version": {"distribution": "opensearch", "number": "2.18.0"}},
            "runs OpenSearch 2.18.0; clipseek needs 2.19",
        ),
        ({"version": {"number": "8.15.0"}}, "is not OpenSearch"),
        ({"hello": "world"}, "is not OpenSearch"),
        (["a", "list"], "is not OpenSearch"),
        (b"<html>", "something that is not JSON"),
    ],
)
def test_servers_that_will_not_do(server: FakeServer, info: Any, said: str) -> None:
    server.info = info
    with pytest.raises(errors.ServerUnfit) as caught:
        connect(server.url, environ={})
    assert said in one_line(caught.value)


@pytest.mark.parametrize("number", ["2.19.0", "2.20.1", "3.6.0-SNAPSHOT", "10.0.0"])
def test_servers_that_will_do(server: FakeServer, number: str) -> None:
    server.info = {"version": {"distribution": "opensearch", "number": number}}
    connect(server.url, environ={})


@pytest.mark.parametrize("missing", ["opensearch-knn", "opensearch-neural-search"])
def test_a_missing_plugin_is_named(server: FakeServer, client: opensearchpy.OpenSearch, missing: str) -> None:
    check_plugins(client)
    server.plugins = [row for row in server.plugins if row["component"] != missing]
    with pytest.raises(errors.PluginMissing, match=f"has no plugin {missing}; install it"):
        check_plugins(client)


def test_a_server_that_does_not_tell_its_plugins_is_believed(
    server: FakeServer, client: opensearchpy.OpenSearch
) -> None:
    server.plugins = []
    check_plugins(client)
    server.orders.append(lambda *_: error(403, "security_exception", "no permissions"))
    check_plugins(client)


def test_faiss_is_refused_where_it_would_end_the_server(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    check_engine(client, "lucene")
    for bundled in (False, True):
        server.orders.append(lambda *_, b=bundled: (200, {"nodes": {"a": {"jvm": {"bundled_jdk": b}}}}))
        if bundled:
            check_engine(client, "faiss")
        else:
            with pytest.raises(errors.ServerUnfit, match="no native library for engine faiss"):
                check_engine(client, "faiss")


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
    problem = refused("http://there", status, kind, reason)
    assert type(problem) is expected
    assert said in one_line(problem)


def test_a_refusal_carries_the_innermost_cause(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    status, body = error(400, "mapper_parsing_exception", "failed to parse")
    body["error"]["caused_by"] = {
        "type": "x",
        "reason": "middle",
        "caused_by": {"reason": "Vector dimension\nmismatch"},
    }
    server.orders.append(lambda *_: (status, body))
    with pytest.raises(errors.RequestRefused) as caught:
        client.indices.refresh(index="x")
    assert one_line(caught.value).endswith("answered 400: failed to parse: middle: Vector dimension mismatch")
    assert (caught.value.status, caught.value.kind) == (400, "mapper_parsing_exception")


def test_a_reason_that_holds_a_whole_query_is_cut(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    server.orders.append(lambda *_: error(400, "x", "y" * 100_000))
    with pytest.raises(errors.RequestRefused) as caught:
        client.indices.refresh(index="x")
    assert len(one_line(caught.value)) < 600


def test_no_exception_of_the_client_library_crosses_the_boundary() -> None:
    known = [
        kind
        for kind in vars(opensearchpy.exceptions).values()
        if isinstance(kind, type) and issubclass(kind, opensearchpy.exceptions.TransportError)
    ]
    assert len(known) > 8
    for kind in known:
        for arguments in (("N/A", "words", OSError("x")), (500, "words", {}), (404, "words", {"error": "text"})):
            problem = translated(kind(*arguments), "http://there")
            assert isinstance(problem, errors.OpenSearchError), kind
            one_line(problem)


def test_the_transport_is_ours_and_lets_bytes_pass(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    assert isinstance(client.transport, MappingTransport)
    assert OrjsonSerializer().dumps(b"as it is") == b"as it is"
    row = np.array([0.1, -1, 3e-9], np.float32)
    assert OrjsonSerializer().dumps({"v": row}) == b'{"v":[0.1,-1.0,3e-9]}'
    assert np.array_equal(np.array(orjson.loads(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)), np.float32), row)
