"""Roles and users of clipseek, written to a server's security plugin by its REST API."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from .roles import ROLES, role_body, role_name

API = "/_plugins/_security/api"
#: Method, path, body: answers what the server answered, and raises where it refused.
Send = Callable[[str, str, Any], Any]


def new_password() -> str:
    """256 random bits, with a small letter, a large one, a digit and a sign, as the plugin's rules may want them."""
    return f"{secrets.token_urlsafe(32)}aA1-"


def write_roles(send: Send, indexes: Sequence[str] = ("*",)) -> None:
    """Write the three roles, for the index names that match ``indexes``."""
    for role in ROLES:
        send("PUT", f"{API}/roles/{role_name(role)}", role_body(role, indexes))


def write_user(send: Send, name: str, password: str, roles: Sequence[str]) -> None:
    """Write the user ``name`` with those ``roles`` of the server; one that is there gets this password."""
    body = {"password": password, "opendistro_security_roles": list(roles), "description": "made by clipseek"}
    send("PUT", f"{API}/internalusers/{name}", body)
