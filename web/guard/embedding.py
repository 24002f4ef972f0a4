"""Thumbnails on another origin's pages: signed links, shown to that origin, and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ..settings import Access
from .origins import same_origin
from .signing import is_signed

_THUMBNAILS = "/thumbnails/"


def is_embedded(access: Access, path: str, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """Whether the request is for a thumbnail by a signed link, from a page of the origin that may show it.

    An ``<img>`` sends no Origin, so the Referer, of which browsers send the origin, says whose page it is on.
    """
    if access.embed_from is None or scope["method"] not in ("GET", "HEAD") or not path.startswith(_THUMBNAILS):
        return False
    asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    names, signatures = asked.get("id", []), asked.get("signature", [])
    if len(names) != 1 or len(signatures) != 1:
        return False
    page = headers.get("origin") or headers.get("referer") or ""
    return same_origin(page, access.embed_from) and is_signed(
        access.key, path.removeprefix(_THUMBNAILS), names[0], signatures[0]
    )


def embedding_headers(origin: str | None) -> list[tuple[bytes, bytes]]:
    """The headers by which a browser shows the picture on pages of ``origin``."""
    return [
        (b"cross-origin-resource-policy", b"cross-origin"),
        (b"access-control-allow-origin", (origin or "").encode()),
        (b"vary", b"Origin"),
    ]
