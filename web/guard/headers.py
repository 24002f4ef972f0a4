"""Headers that tell a browser what it may do with an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable

#: Of the page: all of it from here, nothing written into the HTML; pictures also from memory (dropped files).
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Of everything else: a picture or JSON that is opened as a document runs nothing and loads nothing.
DATA_POLICY = "default-src 'none'; img-src 'self'; frame-ancestors 'none'; sandbox"

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def guarded(headers: Iterable[tuple[bytes, bytes]], *, page: bool) -> list[tuple[bytes, bytes]]:
    """``headers`` and those that are missing. ``page``: of the shell and its static files, which caches must ask for again."""
    given = list(headers)
    names = {name.lower() for name, _ in given}
    wanted = {
        **_ALWAYS,
        "content-security-policy": PAGE_POLICY if page else DATA_POLICY,
        "cache-control": "no-cache" if page else "no-store",
    }
    return given + [(name.encode(), value.encode()) for name, value in wanted.items() if name.encode() not in names]
