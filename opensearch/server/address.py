"""Where a server is: an address as people write it, as opensearch-py takes it, and as it may be shown."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import opensearchpy

from ..errors import InvalidAddress


@dataclass(frozen=True)
class Address:
    """A server's address, taken apart. ``path``: without slashes at its ends. ``user`` and ``password``: those that stood in it."""

    scheme: str
    host: str
    port: int
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """As it may be shown: without user and password."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{name}:{self.port}" + (f"/{self.path}" if self.path else "")

    @property
    def host_options(self) -> dict[str, Any]:
        """opensearch-py's description of the server, with the address to show under ``address``."""
        return {
            "host": self.host,
            "port": self.port,
            "scheme": self.scheme,
            "url_prefix": self.path,
            "address": str(self),
        }


def parse_address(url: str, port: int = 9200) -> Address:
    """``http[s]://[user[:password]@]host[:port][/path]``; ``port``: where http names none. Raises InvalidAddress."""
    address = url if "://" in url else f"http://{url}"
    # Nothing of what may be a piece of a password is shown.
    shown = (
        repr(url)
        if re.fullmatch(r"(\w+://)?(\[[\da-f:]*\]?|[\w.-]*)(:\d*)?(/[\w./-]*)?", url, re.I)
        else "what was given"
    )
    hint = f"{shown} is no server address; write it like http://localhost:{port}"
    try:
        parts = urlsplit(address)
        name, named = parts.hostname, parts.port
    except ValueError as problem:
        why = "in a user or password, write / as %2F, @ as %40, # as %23" if "@" in url else problem
        raise InvalidAddress(f"{hint} ({why})" if "@" in url or shown != "what was given" else hint) from None
    if parts.scheme not in ("http", "https") or not name or any(character.isspace() for character in url):
        raise InvalidAddress(hint)
    if "@" in f"{parts.path}{parts.query}{parts.fragment}" or parts.query or parts.fragment:
        raise InvalidAddress(
            "the server's address goes on after its host with what may be a piece of a password, so nothing was sent; in a user or "
            "password, write / as %2F, @ as %40, ? as %3F, # as %23, or leave them out of the address"
        )
    return Address(
        parts.scheme,
        name,
        named or (443 if parts.scheme == "https" else port),
        parts.path.strip("/"),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def is_loopback(name: str) -> bool:
    """Whether the host ``name`` is this machine itself."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower().rstrip(".") == "localhost"


def address(client: opensearchpy.OpenSearch) -> str:
    """Where the client is connected to, without credentials."""
    return str(client.transport.hosts[0]["address"])
