"""What of an address is shown, and what this machine is."""

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
        parse_address(url)
    assert "cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_holds_no_password_is_shown() -> None:
    with pytest.raises(InvalidAddress, match=r"'http://host:99999' is no server address"):
        parse_address("http://host:99999")


def test_an_address_is_shown_without_its_user() -> None:
    found = parse_address("https://me:p%40ss%2Fword@[2001:db8::1]/a/b/")
    assert (found.user, found.password) == ("me", "p@ss/word")
    assert str(found) == "https://[2001:db8::1]:443/a/b"
    assert "word" not in repr(found)


def test_what_is_this_machine() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("")
