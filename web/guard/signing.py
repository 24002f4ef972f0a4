"""Signatures of single pictures: a link that shows one thumbnail elsewhere, and opens nothing else. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json


def sign(key: bytes, index: str, picture: str) -> str:
    """The signature of the thumbnails of one picture of one index: HMAC-SHA256 (RFC 2104), URL-safe base64."""
    message = json.dumps(["thumbnail", index, picture], ensure_ascii=True).encode()
    return base64.urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).rstrip(b"=").decode()


def is_signed(key: bytes, index: str, picture: str, signature: str) -> bool:
    """Whether ``signature`` is that of the picture; compared in constant time, and never true without a key."""
    return bool(key) and hmac.compare_digest(sign(key, index, picture).encode(), signature.encode("utf-8", "replace"))
