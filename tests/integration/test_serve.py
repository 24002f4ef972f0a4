"""The service as a process, on a real server: who may come in, what goes out, and what is refused."""

from __future__ import annotations

import http.client
import io
import json
import os
import socket
import stat
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.index import versions
from PIL import Image

from tests.pictures import huge_png
from tests.ports import free_port
from tests.served import Served, index_of_colours, serving

pytestmark = pytest.mark.integration
ALIAS = f"test-serve-{uuid.uuid4().hex[:8]}"
SEARCH = f"/api/v1/indexes/{ALIAS}/search"
QUERY = {"text": "red", "kind": "caption"}
NOBODY = 65534


@pytest.fixture(scope="module")
def pictures(opensearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    with index_of_colours(opensearch_url, ALIAS, folder):
        yield folder


@pytest.fixture(scope="module")
def served(opensearch_url: str, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("data")
    with serving(opensearch_url, folder, "--index", ALIAS, "--pictures", pictures, "--port", free_port()) as one:
        yield one


def ids(client: opensearchpy.OpenSearch) -> dict[str, str]:
    """The pictures' ids by colour."""
    hits = client.search(index=ALIAS, body={"_source": ["caption"]})["hits"]["hits"]
    return {hit["_source"]["caption"].split()[1]: hit["_id"] for hit in hits}


def test_search_and_pictures_answer_with_the_token(served: Served, client: opensearchpy.OpenSearch) -> None:
    status, headers, body = served.ask(SEARCH, "POST", QUERY)
    assert (status, headers["cache-control"]) == (200, "no-store"), body
    (hit,) = json.loads(body)["hits"]
    assert hit["caption"] == "a red thing"
    for path in (hit["picture"], hit["thumbnail"]):
        status, headers, body = served.ask(path)
        assert status == 200, body
        assert Image.open(io.BytesIO(body)).convert("RGB").getpixel((10, 10))[0] > 240  # type: ignore[index]
    assert headers["content-type"] == "image/webp"
    assert served.ask(path, if_none_match=headers["etag"])[0] == 304


def test_nothing_is_answered_without_it(served: Served, client: opensearchpy.OpenSearch) -> None:
    red = ids(client)["red"]
    for token in (None, "another", served.token[:-1], served.token + "x"):
        for path, method, body in (
            (SEARCH, "POST", QUERY),
            ("/api/v1/indexes", "GET", None),
            (f"/pictures/{ALIAS}?id={red}", "GET", None),
            (f"/thumbnails/{ALIAS}?id={red}", "GET", None),
            (f"/thumbnails/{ALIAS}?id={red}&token={served.token}", "GET", None),
        ):
            assert served.ask(path, method, body, token=token)[0] == 401
    assert served.ask("/", token=None)[0] == 200


def test_the_cookie_of_the_printed_address_lets_in(served: Served) -> None:
    status, headers, _ = served.ask(f"/?q=red&token={served.token}", token=None)
    assert (status, headers["location"]) == (303, "/?q=red")
    cookie, *attributes = headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert served.ask(SEARCH, "POST", QUERY, token=None, cookie=cookie)[0] == 200


def test_another_user_of_the_machine_cannot_read_the_token(served: Served) -> None:
    file = served.folder / f"{served.port}.token"
    assert file.read_text().strip() == served.token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.folder.stat().st_mode) == 0o700
    if os.geteuid() == 0:  # somebody else can be asked
        asked = subprocess.run(["cat", file], user=NOBODY, capture_output=True, text=True, check=False)
        assert (asked.returncode, asked.stdout) == (1, "")
        assert "Permission denied" in asked.stderr
    assert served.token not in Path(f"/proc/{served.process.pid}/cmdline").read_text()


@pytest.mark.parametrize("host", ["evil.example", f"{ALIAS}.evil.example:80", "10.1.2.3"])
def test_a_foreign_host_is_refused(served: Served, host: str) -> None:
    for path in ("/", SEARCH, "/healthz"):
        assert served.ask(path, host=host)[0] == 421


def test_a_form_on_another_page_is_refused_with_the_cookie_too(served: Served) -> None:
    cookie = served.ask(f"/?token={served.token}", token=None)[1]["set-cookie"].split(";")[0]
    forms = (
        {"origin": "https://evil.example", "content_type": "text/plain"},
        {"origin": f"http://127.0.0.1:{served.port + 1}", "content_type": "application/x-www-form-urlencoded"},
        {"origin": "null", "content_type": "multipart/form-data; boundary=x"},
        {"sec_fetch_site": "cross-site", "content_type": "application/json"},
    )
    for headers in forms:
        assert served.ask(SEARCH, "POST", QUERY, token=None, cookie=cookie, **headers)[0] == 403
    own = f"http://127.0.0.1:{served.port}"
    assert served.ask(SEARCH, "POST", QUERY, token=None, cookie=cookie, origin=own)[0] == 200


def test_only_pictures_below_the_roots_go_out(
    served: Served, client: opensearchpy.OpenSearch, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes((pictures / "red.png").read_bytes())
    (pictures / "link.png").symlink_to(tmp_path / "secret.png")
    (pictures / "evil.png").write_text("<html><svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    (pictures / "page.png").write_text("<!doctype html><script>alert(1)</script>")
    (pictures / "bomb.png").write_bytes(huge_png(20_000))
    os.mkfifo(pictures / "pipe.png")
    below = pictures.as_uri()
    wanted = {
        (tmp_path / "secret.png").as_uri(): 403,
        f"{below}/../{tmp_path.name}/secret.png": 403,
        f"{below}/%2e%2e/%2e%2e/etc/passwd": 403,
        "file:///etc/passwd": 403,
        "file:///dev/zero": 403,
        f"{below}/link.png": 403,
        f"{below}/pipe.png": 403,
        f"{below}/evil.png": 422,
        f"{below}/page.png": 422,
        f"{below}/bomb.png": 422,
        f"{below}/gone.png": 404,
        "https://evil.example/a.png": 404,
    }
    index = versions.current(client, ALIAS).index
    source = client.get(index=index, id=ids(client)["green"])["_source"]
    names = []
    try:
        for number, uri in enumerate(wanted):
            names.append(f"{ALIAS}-{number}")
            client.index(index=index, id=names[-1], body={**source, "image_uri": uri})
        for name, (uri, expected) in zip(names, wanted.items(), strict=True):
            for path in (
                f"/pictures/{ALIAS}?id={name}",
                f"/pictures/{ALIAS}?id={name}&download=1",
                f"/thumbnails/{ALIAS}?id={name}",
            ):
                status, headers, body = served.ask(path)
                assert (status, headers["content-type"]) == (expected, "application/problem+json"), (uri, path, body)
                assert headers["x-content-type-options"] == "nosniff"
                assert b"script" not in body
                assert str(pictures).encode() not in body
    finally:
        for name in names:
            client.delete(index=index, id=name, params={"refresh": "true"})
    for path in (
        "/static/../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        f"/pictures/..%2f{ALIAS}?id=1",
    ):
        assert served.ask(path)[0] == 404


def test_a_gigabyte_is_refused_early_and_held_nowhere(served: Served) -> None:
    before = resident(served.process.pid)
    for head in ("Content-Length: 1000000000", "Transfer-Encoding: chunked"):
        began = time.monotonic()
        answer, sent = upload(served, head)
        assert answer.startswith(b"HTTP/1.1 413 "), answer
        assert b"application/problem+json" in answer
        assert sent < 200_000_000
        assert time.monotonic() - began < 20
    assert resident(served.process.pid) < before + 100_000_000


def upload(served: Served, head: str) -> tuple[bytes, int]:
    """The answer to zeros without end, and how many of them were sent."""
    chunk, sent = bytes(65536), 0
    with socket.create_connection(("127.0.0.1", served.port), 30) as one:
        one.sendall(
            f"POST {SEARCH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {served.token}\r\n"
            f"Content-Type: application/json\r\n{head}\r\n\r\n".encode()
        )
        one.setblocking(False)
        answer = b""
        while sent < 1_000_000_000:
            try:
                answer += (part := one.recv(65536))
                if not part:
                    break
            except BlockingIOError:
                pass
            except ConnectionError:
                break
            framed = f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" if "chunked" in head else chunk
            one.settimeout(10)
            try:
                one.sendall(framed)
            except OSError:
                break
            finally:
                one.setblocking(False)
            sent += len(chunk)
        one.settimeout(10)
        try:
            while part := one.recv(65536):
                answer += part
        except OSError:
            pass
    return answer, sent


def resident(pid: int) -> int:
    """Bytes of memory that the process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_an_answer_does_not_wait_for_an_acknowledgement(served: Served) -> None:
    connection, seconds = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30), []
    for _ in range(30):
        began = time.monotonic()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        seconds.append(time.monotonic() - began)
    connection.close()
    assert min(seconds[5:]) < 0.03  # with Nagle's algorithm every one takes 40 ms


def test_no_body_headers_or_errors_name_the_token(served: Served) -> None:
    for path in ("/metrics", "/healthz", "/", "/nowhere", f"/?token={served.token}"):
        status, headers, body = served.ask(path)
        assert status < 500
        assert served.token not in f"{headers}{body!r}"
