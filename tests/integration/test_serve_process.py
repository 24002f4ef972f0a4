"""How the service starts and ends: TLS, what is refused at the start, the background, the last requests, many clients at once."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import pty
import re
import socket
import ssl
import stat
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.files.processes import identity
from clipseek.opensearch.server.client import connect
from clipseek.web.process.background import start_background, stop
from clipseek.web.process.options import Options
from clipseek.web.process.state import running

from tests.command import said
from tests.served import COMMAND, Served, index_of_colours, serving
from tests.sizes import sized, soaking

pytestmark = pytest.mark.integration
ALIAS = f"test-serving-{uuid.uuid4().hex[:8]}"
SEARCH = f"/api/v1/indexes/{ALIAS}/search"
QUERY = {"text": "red", "kind": "caption"}


@pytest.fixture(scope="module")
def pictures(opensearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home") / "pictures"  # as the demo's lie below its home
    folder.mkdir()
    with index_of_colours(opensearch_url, ALIAS, folder):
        yield folder


def refused(url: str, folder: Path, *options: object) -> str:
    """The one line with which ``clipseek serve`` refuses to start."""
    environment = {**os.environ, "CLIPSEEK_DATA": str(folder)}
    done = subprocess.run(
        [*COMMAND, "--url", url, *map(str, options)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert len(said(done.stderr)) == 1
    return done.stderr


def test_what_cannot_be_served_is_one_line(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refused(opensearch_url, tmp_path, "--index", ALIAS, "--port", port)
    assert "no index nothing-here" in refused(opensearch_url, tmp_path, "--index", "nothing-here")
    assert "--certificate and --key" in refused(opensearch_url, tmp_path, "--index", ALIAS, "--host", "0.0.0.0")
    assert "no OpenSearch at" in refused("http://127.0.0.1:9", tmp_path)
    (tmp_path / "token").write_text("a-token-of-this-test")
    (tmp_path / "token").chmod(0o644)
    assert "chmod 600" in refused(opensearch_url, tmp_path, "--index", ALIAS, "--token-file", tmp_path / "token")


def test_tls_with_a_certificate_of_ones_own(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {certificate} -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1".split(),
        check=True,
        capture_output=True,
    )
    options = ("--index", ALIAS, "--certificate", certificate, "--key", key, "--host", "0.0.0.0")
    with serving(opensearch_url, tmp_path, *options) as one:
        assert one.entrance.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", one.port, context=trusting, timeout=30)
        connection.request("GET", f"/?token={one.token}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        assert "; Secure" in (answer.getheader("set-cookie") or "")
        connection.request("POST", SEARCH, json.dumps(QUERY), {"authorization": f"Bearer {one.token}"})
        assert connection.getresponse().status == 200
        connection.close()
        with socket.create_connection(("127.0.0.1", one.port), 10) as plain:  # no token over plain http
            plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert not plain.recv(100).startswith(b"HTTP/1.1 200")


def test_open_wants_no_token_and_says_so(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    with serving(opensearch_url, tmp_path, "--index", ALIAS, "--open") as one:
        assert "token=" not in one.entrance
        assert one.ask(SEARCH, "POST", QUERY, token=None)[0] == 200
        assert one.ask(SEARCH, "POST", QUERY, token=None, origin="https://evil.example")[0] == 403
        assert one.ask("/", token=None, host="evil.example")[0] == 421
        code, errors = one.stop()
    assert code == 0
    assert "no token is wanted (--open)" in errors
    assert "pictures are off" in errors


def test_the_log_names_neither_token_nor_words(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    with serving(opensearch_url, tmp_path, "--index", ALIAS, "--access-log") as one:
        one.ask(f"/?token={one.token}&q=secretword")
        one.ask("/healthz?q=secretword")
        one.ask(SEARCH, "POST", b"{broken", origin="null")
        token, (_, errors) = one.token, one.stop()
    assert re.search(r"GET / 303 \d+ ms", errors)
    assert f"POST {SEARCH} 403" in errors
    assert token not in errors
    assert "secretword" not in errors
    assert not list((tmp_path / "serve").glob("*.token"))  # with the process, its token is gone


def test_a_request_under_way_is_finished_and_then_it_ends(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    body = json.dumps(QUERY).encode()
    with (
        serving(opensearch_url, tmp_path, "--index", ALIAS) as one,
        socket.create_connection(("127.0.0.1", one.port), 30) as half,
    ):
        half.sendall(
            f"POST {SEARCH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {one.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body[:5]
        )
        time.sleep(0.5)
        one.process.terminate()
        time.sleep(1)
        with pytest.raises((ConnectionRefusedError, ConnectionResetError)):  # nobody new is let in
            socket.create_connection(("127.0.0.1", one.port), 2).close()
        half.sendall(body[5:])
        answer = b""
        while part := half.recv(65536):
            answer += part
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"a red thing" in answer
        assert one.process.wait(15) == 0


def test_a_request_that_never_ends_does_not_keep_it_up(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    with (
        serving(opensearch_url, tmp_path, "--index", ALIAS) as one,
        socket.create_connection(("127.0.0.1", one.port), 30) as half,
    ):
        half.sendall(
            f"POST {SEARCH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {one.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
        )
        time.sleep(0.5)
        began = time.monotonic()
        one.process.terminate()
        assert one.process.wait(25) == 0
        assert time.monotonic() - began < 15


def test_in_the_background_it_is_started_found_replaced_and_stopped(
    opensearch_url: str, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "serve"
    options = Options(opensearch_url, (ALIAS,), roots=(str(pictures),), name="demo", folder=str(folder))
    try:
        first = start_background(options)
        assert ask(first.port, first.entrance()) == 303
        command = Path(f"/proc/{first.pid}/cmdline").read_bytes()
        assert first.entrance().partition("token=")[2].encode() not in command
        assert os.getsid(first.pid) != os.getsid(0)
        second = start_background(options)
        assert identity(first.pid) != first.identity
        assert running(folder) == [second]
        assert second.log is not None
        assert stat.S_IMODE(Path(second.log).stat().st_mode) == 0o600
        assert second.entrance().partition("token=")[2] not in Path(second.log).read_text()
        other = start_background(Options(opensearch_url, (ALIAS,), folder=str(folder)))
        assert running(folder) == sorted((second, other), key=lambda service: service.port)
    finally:
        stopped = running(folder)
        stop(stopped, folder)
    assert len(stopped) == 2
    assert not any(identity(service.pid) == service.identity for service in stopped)
    assert not [path for path in folder.iterdir() if path.suffix in (".json", ".token")]


def test_a_start_in_the_background_that_fails_says_why(opensearch_url: str, tmp_path: Path) -> None:
    from clipseek.web.errors import ServeError

    with pytest.raises(ServeError, match="no index nothing-here"):
        start_background(Options(opensearch_url, ("nothing-here",), folder=str(tmp_path / "serve")))
    assert running(tmp_path / "serve") == []


def test_the_commands_start_show_and_stop_it(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "CLIPSEEK_DATA": str(tmp_path)}

    def clipseek(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, env=environment, timeout=90, check=False
        )

    assert clipseek("status").returncode == 1
    began = clipseek("--url", opensearch_url, "--index", ALIAS, "--pictures", str(pictures), "--background")
    try:
        assert began.returncode == 0, began.stderr
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}\n", began.stdout)
        shown = clipseek("status", "--json")
        (facts,) = json.loads(shown.stdout)
        assert facts["indexes"] == [ALIAS]
        assert facts["address"] == began.stdout.partition("?")[0]
        assert "token=" not in shown.stdout
    finally:
        ended = clipseek("stop")
    assert ended.stderr.startswith("stopped http://127.0.0.1:")
    assert clipseek("stop").stderr.startswith("nothing was served")


def ask(port: int, address: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", address.partition(str(port))[2])
    status = connection.getresponse().status
    connection.close()
    return status


def test_behind_a_proxy_https_is_what_the_proxy_says(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    options = ("--index", ALIAS, "--allowed-host", "pictures.example", "--root-path", "/icons", "--pictures", pictures)
    with serving(opensearch_url, tmp_path, *options) as one:
        assert one.entrance.startswith("https://pictures.example/icons/?token=")
        port = str(json.loads(next((tmp_path / "serve").glob("*.json")).read_text())["port"])
        through = {"host": "pictures.example", "x_forwarded_proto": "https"}
        status, headers, body = one.ask(SEARCH, "POST", QUERY, port=port, **through, origin="https://pictures.example")
        assert (status, json.loads(body)["hits"][0]["picture"][:16]) == (200, "/icons/pictures/")
        assert one.ask(SEARCH, "POST", QUERY, port=port, **through, origin="http://pictures.example")[0] == 403
        assert one.ask(SEARCH, "POST", QUERY, port=port, host="pictures.example")[0] == 403  # plain http
        status, headers, _ = one.ask(f"/?token={one.token}", token=None, port=port, **through)
        assert (status, headers["location"]) == (303, "/icons/")
        assert "; Secure" in headers["set-cookie"]
        assert "Path=/icons;" in headers["set-cookie"]


def test_signed_links_show_thumbnails_to_one_origin_and_stay_good(
    opensearch_url: str, pictures: Path, tmp_path: Path
) -> None:
    origin, links = "https://dashboards.example", []
    options = ("--index", ALIAS, "--pictures", pictures, "--embed-from", f"{origin}/app")
    for _ in range(2):  # another start has another token, and the same key
        with serving(opensearch_url, tmp_path, *options) as one:
            (hit,) = json.loads(one.ask(SEARCH, "POST", QUERY)[2])["hits"]
            links.append(hit["embed"])
            page = {"referer": f"{origin}/", "sec_fetch_site": "cross-site"}
            status, headers, body = one.ask(links[0], token=None, **page)
            assert (status, headers["content-type"]) == (200, "image/webp"), body
            assert headers["cross-origin-resource-policy"] == "cross-origin"
            assert headers["access-control-allow-origin"] == origin
            for path, referer in (
                (links[0], "https://evil.example/"),
                (hit["thumbnail"], f"{origin}/"),
                (hit["picture"], f"{origin}/"),
                (links[0].replace("/thumbnails/", "/pictures/"), f"{origin}/"),
            ):
                assert one.ask(path, token=None, referer=referer)[0] == 401
    assert links[0] == links[1]
    key = tmp_path / "serve" / "links.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(("answer", "shown"), [("y\n", True), ("\n", True), ("n\n", False)])
def test_in_a_terminal_the_folders_of_the_index_are_asked_for(
    opensearch_url: str, pictures: Path, tmp_path: Path, answer: str, shown: bool
) -> None:
    terminal, end = pty.openpty()
    environment = {**os.environ, "CLIPSEEK_DATA": str(tmp_path), "CLIPSEEK_CACHE": str(tmp_path / "cache")}
    command = [*COMMAND, "--url", opensearch_url, "--index", ALIAS]
    process = subprocess.Popen(command, stdin=end, stdout=subprocess.PIPE, stderr=end, text=True, env=environment)
    os.close(end)
    try:
        asked = b""
        while b"?" not in asked:
            asked += os.read(terminal, 1000)
        assert str(pictures) in asked.decode()
        os.write(terminal, answer.encode())
        assert process.stdout is not None
        one = Served(process, process.stdout.readline().strip(), tmp_path / "serve")
        assert json.loads(one.ask("/api/v1/indexes")[2])["pictures"] is shown
        (hit,) = json.loads(one.ask(SEARCH, "POST", QUERY)[2])["hits"]
        assert (hit["picture"] is not None) is shown
        if shown:
            assert one.ask(hit["picture"])[0] == 200
    finally:
        process.terminate()
        process.communicate(timeout=30)
        os.close(terminal)


def test_the_demo_leaves_one_page_running_and_replaces_it(
    opensearch_url: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clipseek.cli.demo import start_page
    from clipseek.demo.run import Outcome

    monkeypatch.setenv("CLIPSEEK_DATA", str(tmp_path))
    home, folder = pictures.parent, tmp_path / "serve"
    outcome = Outcome(opensearch_url, ALIAS, tmp_path / "bundle", "", [], tmp_path / "results.html")
    try:
        first, second = start_page(outcome, home), start_page(outcome, home)
        assert running(folder) == [second]
        assert not first.alive()
        assert second.entrance().startswith("http://127.0.0.1:")
        assert ask(second.port, second.entrance()) == 303
    finally:
        stop(running(folder), folder)
    assert not second.alive()


def test_searches_are_logged_where_the_switch_says_so(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    with serving(opensearch_url, tmp_path, "--index", ALIAS, "--log-searches", 7) as one:
        _, _, served = one.ask("/api/v1/indexes")
        assert json.loads(served)["logging"] == {"days": 7}
        _, _, found = one.ask(f"/api/v1/indexes/{ALIAS}/search", "POST", {"text": "red", "kind": "caption"})
        name = json.loads(found)["search"]
        _, said = one.stop()
    assert "searches, clicks and thumbs are logged for 7 days in clipseek-searches" in said
    client = connect(opensearch_url)
    record = client.get(index="clipseek-searches", id=name)["_source"]  # what was held was written at the end
    assert (record["words"], record["index"], record["from"]) == ("red", ALIAS, "api")
    client.delete(index="clipseek-searches", id=name)


def test_many_clients_at_once_meet_no_error_but_too_many(opensearch_url: str, pictures: Path, tmp_path: Path) -> None:
    turns, seconds = sized(1, 6), sized(2.0, 10.0)  # in turns, for the machine has other work too
    with serving(opensearch_url, tmp_path, "--index", ALIAS, "--pictures", pictures) as one:
        few, many, resident = 0, 0, memory_after(one, sized(1.0, 10.0))
        for _ in range(turns):
            for clients in (8, 64):
                good, others = load(one, clients, seconds)
                assert good > 0
                assert not others, others
                few, many = (few + good, many) if clients == 8 else (few, many + good)
        if soaking():
            assert many >= 0.9 * few
            assert memory_after(one, 0) <= 1.1 * resident
        assert one.ask(SEARCH, "POST", QUERY)[0] == 200
        assert one.stop()[0] == 0


def load(one: Served, clients: int, seconds: float) -> tuple[int, Counter[str]]:
    """Answers 200 to so many clients in so many seconds, and all that was neither 200 nor a 429 that says when to come again."""
    return asyncio.run(_load(one, clients, seconds))


async def _load(one: Served, clients: int, seconds: float) -> tuple[int, Counter[str]]:
    end, body = time.monotonic() + seconds, json.dumps(QUERY)
    good, others = 0, Counter[str]()
    request = (
        f"POST {SEARCH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {one.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()

    async def client() -> None:
        nonlocal good
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        while time.monotonic() < end:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            fields = dict(line.split(b": ", 1) for line in head.splitlines()[1:] if line)
            await reader.readexactly(int(fields[b"content-length"]))
            if head.startswith(b"http/1.1 200 "):
                good += 1
            elif head.startswith(b"http/1.1 429 ") and b"retry-after" in fields:
                await asyncio.sleep(float(fields[b"retry-after"]))
            else:
                others[head.splitlines()[0].decode()] += 1
        writer.close()

    for done in await asyncio.gather(*(client() for _ in range(clients)), return_exceptions=True):
        if isinstance(done, BaseException):
            others[repr(done)] += 1
    return good, others


def memory_after(one: Served, seconds: float) -> int:
    """Bytes that the process holds after so many seconds under 64 clients, or now."""
    if seconds:
        load(one, 64, seconds)
    pages = int(Path(f"/proc/{one.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
