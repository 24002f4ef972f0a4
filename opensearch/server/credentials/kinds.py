"""Who asks: credentials of each kind, as a connection takes them. Their repr and their description hold no secret."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from ...errors import InvalidAddress

#: Makes the headers of one request: method, whole address, body, headers so far.
Sign = Callable[[str, str, Any, Mapping[str, str] | None], dict[str, str]]
#: What a header may hold; everything else would end it, or be refused with the value in the message.
_HEADER = re.compile(r"[\x21-\x7e]+")
#: A shorter secret is found in many a text, and what is hidden there would give it away.
_SHORTEST = 8


@dataclass(frozen=True)
class ClientCertificate:
    """Files, PEM. ``key``: None where the certificate's file has it. ``password``: of the key."""

    certificate: Path
    key: Path | None = None
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Credentials:
    """What goes along with each request, and what says so.

    kind: as it is shown, with whose they are, "user feeder". source: where they were found. authorization: the header's value.
    sign: signs each request instead. certificate: shown to the server as TLS begins, alone or beside one of the others. secrets:
    texts that no message may hold.
    """

    kind: str = ""
    source: str = ""
    authorization: str | None = field(default=None, repr=False)
    sign: Sign | None = field(default=None, repr=False)
    certificate: ClientCertificate | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.kind)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.authorization is None else {"authorization": self.authorization}

    def __str__(self) -> str:
        return f"{self.kind}, from {self.source}" if self else "no credentials"

    def hide(self, text: str) -> str:
        """``text`` without the secrets, however a server or a library wrote them into it."""
        for secret in sorted(self._written(), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _written(self) -> set[str]:
        written = set[str]()
        for secret in self.secrets:
            if len(secret) >= _SHORTEST:
                quoted = quote(secret, safe="")
                written |= {secret, quoted, quoted.lower(), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]}
                written |= {repr(secret)[1:-1], html.escape(secret), base64.b64encode(secret.encode()).decode("ascii")}
        if self.authorization is not None:
            written.add(self.authorization.partition(" ")[2])
        return written


def basic(user: str, password: str, source: str) -> Credentials:
    """HTTP basic authentication. In UTF-8, because urllib3's helper takes Latin-1 only, and a password may be anything."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return Credentials(f"user {user} with a password", source, f"Basic {token}", secrets=(password,))


def bearer(token: str, source: str) -> Credentials:
    """A token of an identity provider, as JWT and OpenID Connect have it."""
    check_header(token, "bearer token")
    return Credentials("a bearer token", source, f"Bearer {token}", secrets=(token,))


def api_key(key: str, source: str) -> Credentials:
    """An API key of OpenSearch 3.7 or newer."""
    check_header(key, "API key")
    return Credentials("an API key", source, f"ApiKey {key}", secrets=(key,))


def check_header(value: str, what: str) -> None:
    """Raises InvalidAddress, without the value, for what no header may hold."""
    if not _HEADER.fullmatch(value):
        raise InvalidAddress(
            f"the {what} holds a blank, a line's end or a letter beyond ASCII, so it was not sent; give it exactly as it was issued"
        )
