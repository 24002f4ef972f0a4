"""Who may come in: the bearer of the token, or of the cookie that the printed address set."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.requests import cookie_parser

_COOKIE_SECONDS = 7 * 24 * 3600


class Admission:
    """Checks tokens in constant time. ``port`` stands in the cookie's name, for browsers send cookies to every port of a host."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token.encode()
        # Not the token itself: what a browser keeps and sends cannot be used as one.
        self._session = hmac.digest(self._token, b"clipseek session", "sha256").hex()
        self.cookie = f"clipseek-{port}"

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the request may come in. A wrong bearer token is refused whatever its cookie says."""
        bearer = headers.get("authorization")
        if bearer is not None:
            scheme, _, given = bearer.partition(" ")
            return scheme.lower() == "bearer" and self.knows(given.strip())
        session = cookie_parser(headers.get("cookie", "")).get(self.cookie)
        return session is not None and _same(session, self._session.encode())

    def knows(self, given: str) -> bool:
        """Whether ``given`` is the token."""
        return _same(given, self._token)

    def session(self, *, secure: bool, path: str) -> str:
        """The Set-Cookie header of somebody who came with the token: HttpOnly, SameSite=Strict, below ``path`` alone."""
        return (
            f"{self.cookie}={self._session}; Path={path}; Max-Age={_COOKIE_SECONDS}; HttpOnly; SameSite=Strict"
            f"{'; Secure' if secure else ''}"
        )


def _same(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected)
