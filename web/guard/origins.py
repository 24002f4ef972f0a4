"""Whether a browser sends a request for another site's page: by Origin and Sec-Fetch-Site. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_OWN_SITE = ("same-origin", "none")
_PORTS = {"http": 80, "https": 443}


def is_foreign(headers: Mapping[str, str], own: str) -> bool:
    """True where ``headers`` say that a page of another origin than ``own`` asks. Another port of one host is another origin.

    Programs send neither header; every browser of the last years sends one of them with all that is no plain navigation.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and not same_origin(origin, own):
        return True
    return site is not None and site not in _OWN_SITE


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have one scheme, host and port; ``null`` and what is malformed are nobody's."""
    first, second = _origin(one), _origin(other)
    return first is not None and first == second


def origin_of(url: str) -> str | None:
    """The origin as browsers write it, without a standard port; ``None`` where ``url`` is no http or https URL."""
    found = _origin(url)
    if found is None:
        return None
    scheme, host, port = found
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" if port == _PORTS[scheme] else f"{scheme}://{shown}:{port}"


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port
