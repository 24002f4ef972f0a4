"""Where a server is: an address as people write it, as opensearch-py takes it, and as it may be shown."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import opensearchpy

from ..errors import InvalidAddress


def parse_address(url: str, environ: Mapping[str, str], port: int = 9200) -> dict[str, Any]:
    """opensearch-py's description of the server, with the address to show (no password in it) under ``address``. ``port``: where
    http names none.
    """
    address = url if "://" in url else f"http://{url}"
    shown = re.sub(r"(//|^).*@", r"\1", url)
    hint = f"{shown!r} is no server address; write it like http://localhost:{port}"
    try:
        parts = urlsplit(address)
        name, named = parts.hostname, parts.port
    except ValueError as problem:
        # What cannot be read may be a piece of the password, which urlsplit quotes.
        why = "in a user or password, write / as %2F, @ as %40" if "@" in url else problem
        raise InvalidAddress(f"{hint} ({why})") from None
    if parts.scheme not in ("http", "https") or not name or any(character.isspace() for character in url):
        raise InvalidAddress(hint)
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
    return host


def address(client: opensearchpy.OpenSearch) -> str:
    """Where the client is connected to, without credentials."""
    return str(client.transport.hosts[0]["address"])
