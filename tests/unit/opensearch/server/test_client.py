from __future__ import annotations

import base64
import contextlib
import socket
import time
from typing import Any
from urllib.parse import unquote

import numpy as np
import opensearchpy
import orjson
import pytest
from clipseek.opensearch import errors
from clipseek.opensearch.server.address import address
from clipseek.opensearch.server.capabilities import check_engine, check_plugins
from clipseek.opensearch.server.client import OrjsonSerializer, connect
from clipseek.opensearch.server.transport import MappingTransport
from clipseek.testing.server import FakeServer, error


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


@pytest.mark.parametrize("url", ["http://me:secret@host:99999", "http://me:sec/secret@host", "me:a@secret@host:x"])
def test_a_wrong_address_does_not_show_the_password(url: str) -> None:
    with pytest.raises(errors.InvalidAddress) as caught:
        connect(url, environ={})
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
    server.interceptors.append(lambda *_: time.sleep(1))
    with pytest.raises(errors.TimedOut, match="did not answer in time"):
        connect(server.url, timeout=0.1, environ={})


def test_a_server_that_hangs_up_once_is_asked_again(server: FakeServer) -> None:
    server.interceptors.append(lambda *_: (0, None))
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


@pytest.mark.parametrize("body", [b'["a list"]', b'"a text"', b"5", b"<html>", b""])
def test_an_error_that_is_no_object(server: FakeServer, body: bytes) -> None:
    server.interceptors += [lambda *_: (500, body)] * 2
    with pytest.raises(errors.RequestRefused, match="answered 500: ") as caught:
        connect(server.url, environ={})
    one_line(caught.value)


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
    server.interceptors.append(lambda *_: error(403, "security_exception", "no permissions"))
    check_plugins(client)


def test_faiss_is_refused_where_it_would_end_the_server(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    check_engine(client, "lucene")
    for bundled in (False, True):
        server.interceptors.append(lambda *_, b=bundled: (200, {"nodes": {"a": {"jvm": {"bundled_jdk": b}}}}))
        if bundled:
            check_engine(client, "faiss")
        else:
            with pytest.raises(errors.ServerUnfit, match="no native library for engine faiss"):
                check_engine(client, "faiss")


@pytest.mark.parametrize("sign", ["%0a", "%0d%0a", "%00"])
def test_no_password_makes_a_second_header(server: FakeServer, sign: str) -> None:
    password = f"x{sign}X-Injected:%20yes{sign}{sign}GET%20%2Fother"
    connect(server.url.replace("://", f"://me:{password}@"), environ={})
    connect(server.url, environ={"CLIPSEEK_USERNAME": "me", "CLIPSEEK_PASSWORD": unquote(password)})
    assert server.log == [("GET", "/"), ("GET", "/")]
    for sent in server.headers:
        assert "x-injected" not in sent
        assert base64.b64decode(sent["authorization"].removeprefix("Basic ")).decode() == f"me:{unquote(password)}"


@pytest.mark.parametrize("sign", ["\n", "\r\n", " HTTP/1.1\r\nX-Injected: yes\r\n"])
def test_no_path_and_no_header_makes_a_second_request(
    server: FakeServer, client: opensearchpy.OpenSearch, sign: str
) -> None:
    server.log.clear()
    server.headers.clear()
    for path, headers in ((f"/a{sign}b", {}), ("/", {"x-opaque-id": f"1{sign}X-Injected: yes"})):
        with contextlib.suppress(errors.ServerError):
            client.transport.perform_request("GET", path, headers=headers)
    assert all("x-injected" not in sent for sent in server.headers)
    assert {method for method, _ in server.log} <= {"GET"}
    assert all(path.startswith("/a%") for _, path in server.log)


def test_the_transport_is_ours_and_lets_bytes_pass(server: FakeServer, client: opensearchpy.OpenSearch) -> None:
    assert isinstance(client.transport, MappingTransport)
    assert OrjsonSerializer().dumps(b"unchanged") == b"unchanged"
    row = np.array([0.1, -1, 3e-9], np.float32)
    assert OrjsonSerializer().dumps({"v": row}) == b'{"v":[0.1,-1.0,3e-9]}'
    assert np.array_equal(np.array(orjson.loads(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)), np.float32), row)
