"""Signatures of links that show thumbnails elsewhere, and open nothing else: those of one picture, or of all of an index. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json


def sign(key: bytes, index: str, picture: str) -> str:
    """The signature of the thumbnails of one picture of one index: HMAC-SHA256 (RFC 2104), URL-safe base64."""
    return _signed(key, ["thumbnail", index, picture])


def sign_all(key: bytes, index: str) -> str:
    """The signature of the thumbnails of every picture of one index: for tables that make links of ids, and cannot sign."""
    return _signed(key, ["thumbnails", index])


def _signed(key: bytes, parts: list[str]) -> str:
    message = json.dumps(parts, ensure_ascii=True).encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).rstrip(b"=").decode()


def is_signed(key: bytes, index: str, picture: str, signature: str) -> bool:
    """Whether ``signature`` is that of the picture or of its index; compared in constant time, and never true without a key."""
    given = signature.encode("utf-8", "replace")
    one = hmac.compare_digest(sign(key, index, picture).encode(), given)
    every = hmac.compare_digest(sign_all(key, index).encode(), given)
    return bool(key) and (one or every)
