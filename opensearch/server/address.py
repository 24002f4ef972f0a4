"""Where a server is: an address as people write it, as opensearch-py takes it, and as it may be shown."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import opensearchpy

from ..errors import InvalidAddress


def parse_address(url: str, environ: Mapping[str, str], port: int = 9200) -> dict[str, Any]:
    """opensearch-py's description of the server, with the address to show (no password in it) under ``address``. ``port``: where
    http names none.

    Raises InvalidAddress for what is no address, and where credentials would go over plain http to another machine.
    """
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
    port = named or (443 if parts.scheme == "https" else port)
    shown_name = f"[{name}]" if ":" in name else name
    host: dict[str, Any] = {
        "host": name,
        "port": port,
        "scheme": parts.scheme,
        "url_prefix": parts.path.strip("/"),
        "address": f"{parts.scheme}://{shown_name}:{port}{parts.path.rstrip('/')}",
    }
    user = unquote(parts.username) if parts.username else environ.get("CLIPSEEK_USERNAME", "")
    password = unquote(parts.password) if parts.password else environ.get("CLIPSEEK_PASSWORD", "")
    if user:
        # Made here because urllib3's helper takes Latin-1 only, and a password may be anything.
        token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        host["headers"] = {"authorization": f"Basic {token}"}
        check_transport(host)
    return host


def check_transport(host: Mapping[str, Any]) -> None:
    """Raises InvalidAddress for plain http to another machine: whoever is on the way would read the credentials."""
    if host["scheme"] == "http" and not is_loopback(host["host"]):
        raise InvalidAddress(
            f"{host['address']} is another machine and speaks plain http, so no password was sent there; use https://, or take "
            "CLIPSEEK_USERNAME away for a server that wants none"
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
