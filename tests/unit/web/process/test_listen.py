"""A port in use and a token over plain http are refused in one line."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from clipseek.web.errors import ServeError
from clipseek.web.process import listen as module
from clipseek.web.process.listen import check_transport, is_loopback, listen
from clipseek.web.process.options import Options

URL = "http://127.0.0.1:9"


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} of 127.0.0.1 cannot be used .*--port") as refused:
            listen("127.0.0.1", port)
    assert "\n" not in str(refused.value)


def test_without_a_port_another_is_taken_where_the_usual_one_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(module, "PREFERRED_PORT", port)
        with listen("127.0.0.1", None) as listener:
            assert listener.getsockname()[1] != port


@pytest.mark.parametrize("host", ["no.such.host.invalid", "8.8.8.8", "a b", "x" * 300])
def test_a_host_that_is_not_here_is_one_line(host: str) -> None:
    with pytest.raises(ServeError, match=r"--host|--port"):
        listen(host, 1)


@pytest.mark.parametrize("options", [{}, {"host": "localhost"}, {"host": "::1"}, {"host": "127.8.0.1"}])
def test_on_loopback_a_token_needs_no_tls(options: dict[str, Any]) -> None:
    check_transport(Options(URL, **options))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "pictures.example"])
def test_elsewhere_it_does(host: str) -> None:
    with pytest.raises(ServeError, match=r"plain http.*--certificate and --key"):
        check_transport(Options(URL, host=host))
    check_transport(Options(URL, host=host, open=True))
    check_transport(Options(URL, host=host, proxies=("10.0.0.1",)))


def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("no certificate")
    for certificate, key in ((str(file), None), (None, str(file)), (str(file), str(file))):
        with pytest.raises(ServeError, match=r"go together|cannot be used") as refused:
            check_transport(Options(URL, host="0.0.0.0", certificate=certificate, key=key))
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": ("https://pictures.example",)},
        {"hosts": ("pictures.example:8642",)},
        {"hosts": ("",)},
        {"hosts": ("a b",)},
        {"proxies": ("proxy.example",)},
        {"proxies": ("*",)},
        {"root_path": "icons"},
        {"root_path": "/icons/"},
        {"root_path": "/a;b"},
        {"root_path": '/"'},
        {"embed_from": "dashboards.example"},
        {"embed_from": "ftp://dashboards.example"},
        {"embed_from": "*"},
    ],
)
def test_a_name_that_is_none_is_one_line_that_shows_how_to_write_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(ServeError, match="write it like") as refused:
        check_transport(Options(URL, **wrong))
    assert "\n" not in str(refused.value)


def test_names_as_people_write_them_are_taken() -> None:
    names = ("Pictures.Example.org.", "localhost", "10.0.0.7")
    check_transport(
        Options(URL, hosts=names, proxies=("10.0.0.0/24", "::1"), root_path="/a/b-c", embed_from="https://x.y:8/z")
    )


def test_loopback_is_known_without_asking_a_name_server() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("localhost.evil.example")


def test_what_is_written_is_sent_at_once() -> None:
    async def no_delay() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(accepted, sock=listen("127.0.0.1", None)) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.close()
            return await found

    assert asyncio.run(no_delay()) == 1
