"""Which Host a request may name: a page elsewhere whose name leads to this machine (DNS rebinding) names its own. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::\d{1,5})?", re.IGNORECASE)


def host_name(header: str) -> str | None:
    """The name or IP address in a Host header, in small letters, without port; ``None`` where it is malformed."""
    found = _HOST.fullmatch(header)
    return None if found is None else (found["ipv6"] or found["name"]).lower().rstrip(".")


def is_allowed(name: str, reached: str | None, allowed: Iterable[str]) -> bool:
    """Whether ``name`` is this machine's own, or one of ``allowed``. ``reached``: the address that the client connected to.

    An IP address cannot be rebound: a browser that shows it has connected to it.
    """
    if name == "localhost" or name in allowed or name == reached:
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or (reached is not None and address == _address(reached)))


def is_this_machine(name: str) -> bool:
    """Whether ``name`` means the machine itself, so that nothing travels over a network."""
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
