"""What of an address is shown, and where credentials go."""

from __future__ import annotations

import pytest
from clipseek.opensearch.errors import InvalidAddress
from clipseek.opensearch.server.address import is_loopback, parse_address


@pytest.mark.parametrize(
    "url",
    [
        "https://admin:pa/s-3-cret@host:9200",
        "https://admin:s-3-cret#x@host:9200",
        "https://admin:x#s-3-cret@host:9200",
        "https://admin:x?s-3-cret@host:9200",
        "https://admin:p@s-3-cret/word@host:9200",
        "https://admin:s-3-cret",
        "admin:s-3-cret@host:x",
        "https://admin:s-3-cret@[::1",
        "https://host:9200/?token=s-3-cret",
        "https://host:9200#s-3-cret",
    ],
)
def test_no_piece_of_a_password_is_shown_or_taken_for_a_host(url: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_address(url, {})
    assert "cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_holds_no_password_is_shown() -> None:
    with pytest.raises(InvalidAddress, match=r"'http://host:99999' is no server address"):
        parse_address("http://host:99999", {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "LocalHost."])
def test_credentials_go_over_plain_http_to_this_machine(host: str) -> None:
    assert "headers" in parse_address(f"http://me:x@{host}:9200", {})


@pytest.mark.parametrize(
    "host", ["opensearch", "10.0.0.1", "localhost.example.com", "[2001:db8::1]", "127.0.0.1.nip.io"]
)
@pytest.mark.parametrize("way", ["in the URL", "in the environment"])
def test_credentials_go_over_plain_http_to_no_other_machine(host: str, way: str) -> None:
    environ = {"CLIPSEEK_USERNAME": "me", "CLIPSEEK_PASSWORD": "s-3-cret"} if way == "in the environment" else {}
    user = "" if environ else "me:s-3-cret@"
    with pytest.raises(InvalidAddress, match=r"plain http, so no password was sent there; use https://") as caught:
        parse_address(f"http://{user}{host}:9200", environ)
    assert "cret" not in str(caught.value)
    assert "headers" in parse_address(f"https://{user}{host}:9200", environ)
    assert "headers" not in parse_address(f"http://{host}:9200", {})


def test_what_is_this_machine() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("")
