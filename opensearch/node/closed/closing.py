"""The closed node: the security plugin's settings before its start, and its users after."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from ...security.roles import ROLES, role_name
from ...security.setup import Send, new_password, write_roles, write_user
from ..asking import Asking
from ..errors import CredentialsMissing, StartFailed
from ..folders import write_private
from ..paths import NodePaths
from ..process.user import User
from .certificates import ADMIN, NODE, subject, trusting
from .credentials import ADMIN as ADMIN_USER
from .credentials import OWN, Credentials, read_credentials

_FOLDER = "opensearch-security"
_SECONDS = 120.0
_TLS = "plugins.security.ssl"


def security_settings() -> dict[str, Any]:
    """Of ``opensearch.yml``; the files lie beside it."""
    tls: dict[str, Any] = {}
    for layer in ("transport", "http"):
        tls[f"{_TLS}.{layer}.pemcert_filepath"] = "node.pem"
        tls[f"{_TLS}.{layer}.pemkey_filepath"] = "node-key.pem"
        tls[f"{_TLS}.{layer}.pemtrustedcas_filepath"] = "authority.pem"
    return {
        **tls,
        f"{_TLS}.http.enabled": True,
        f"{_TLS}.http.clientauth_mode": "OPTIONAL",
        f"{_TLS}.transport.enforce_hostname_verification": False,
        "plugins.security.nodes_dn": [subject(NODE)],
        "plugins.security.authcz.admin_dn": [subject(ADMIN)],
        "plugins.security.allow_default_init_securityindex": True,
        "plugins.security.restapi.roles_enabled": ["all_access"],
        "plugins.security.audit.type": "noop",
        "plugins.security.system_indices.enabled": True,
        "plugins.security.system_indices.indices": [".plugins-ml-*", ".opensearch-ml-*"],
    }


def security_contents(*, tenants: bool = True) -> dict[str, str]:
    """The first content of the security index, by file name. ``tenants``: whether Dashboards keeps objects apart by tenant."""
    domain = {
        "http_enabled": True,
        "transport_enabled": True,
        "order": 0,
        # No challenge, so no browser asks for a password, keeps it, and sends it along with what another origin's page sends here.
        "http_authenticator": {"type": "basic", "challenge": False},
        "authentication_backend": {"type": "intern"},
    }
    dynamic: dict[str, Any] = {"http": {"anonymous_auth_enabled": False}, "authc": {"basic": domain}}
    if not tenants:
        dynamic["kibana"] = {"multitenancy_enabled": False}
    contents: dict[str, tuple[str, dict[str, Any]]] = {
        "config": (
            "config",
            {"config": {"dynamic": dynamic}},
        ),
        "internal_users": ("internalusers", {}),
        "roles": ("roles", {}),
        "roles_mapping": ("rolesmapping", {"all_access": {"users": [ADMIN_USER]}}),
        "action_groups": ("actiongroups", {}),
        "tenants": ("tenants", {}),
        "nodes_dn": ("nodesdn", {}),
        "allowlist": ("allowlist", {"config": {"enabled": False, "requests": {}}}),
        "whitelist": ("whitelist", {"config": {"enabled": False, "requests": {}}}),
        "audit": ("audit", {"config": {"enabled": False}}),
    }
    return {
        # JSON is YAML.
        f"{name}.yml": json.dumps({"_meta": {"type": kind, "config_version": 2}, **content}) + "\n"
        for name, (kind, content) in contents.items()
    }


def write_security(paths: NodePaths, user: User | None) -> None:
    """Certificates and first content of the security index, beside ``opensearch.yml``; read at the node's first closed start."""
    group = None if user is None else user.gid
    for name in ("node.pem", "node-key.pem", "authority.pem"):
        write_private(paths.config / name, (paths.tls / name).read_text("ascii"), group)
    folder = paths.config / _FOLDER
    folder.mkdir(0o700)
    for name, text in security_contents().items():
        write_private(folder / name, text, group)
    if user is not None:
        os.chown(folder, 0, user.gid)
        folder.chmod(0o750)


def say_what_changes(paths: NodePaths, closed: bool, say: Callable[[str], None]) -> None:
    """Of a node whose data were written open and go on closed, or the other way round."""
    if not closed:
        say(
            "open: no passwords and no TLS, so every user of this machine and every page in its browsers can read, change and "
            "delete its indexes; leave --open out to close it"
        )
    elif paths.indices.is_dir() and not paths.tls.is_dir():
        say(
            "this node's data were open; from now on it speaks https alone and wants a password, which clipseek's commands know"
        )


def wait_for_security(asking: Asking) -> None:
    """Wait until the security plugin has read its index. Raises StartFailed."""
    until = time.monotonic() + _SECONDS
    status = 0
    while time.monotonic() < until:
        status, _ = asking.send("GET", "/_plugins/_security/api/internalusers")
        if status == 200:
            return
        time.sleep(0.2)
    raise StartFailed(
        f"the node's security plugin was not ready within {_SECONDS:.0f} s (it answers {status}); see clipseek node logs"
    )


def sending(asking: Asking) -> Send:
    """Requests that raise StartFailed where the node refuses them."""

    def send(method: str, path: str, body: Any) -> Any:
        status, answer = asking.send(method, path, body, timeout=60.0)
        if status not in (200, 201):
            reason = answer.get("message") or answer.get("reason") if isinstance(answer, dict) else None
            raise StartFailed(
                f"the node's security plugin refused {method} {path} ({status}: {reason or 'no reason given'})"
            )
        return answer

    return send


def set_users(paths: NodePaths, asking: Asking, say: Callable[[str], None], *, rotate: bool = False) -> Credentials:
    """The users of the credentials' file, as the node is to know them; new ones where there is no file, or to ``rotate``.

    Raises StartFailed where the node refuses them.
    """
    try:
        if rotate:
            raise CredentialsMissing("")
        found = read_credentials(paths.credentials)
        own = Asking(asking.url, trusting(paths), found.authorization)
        if own.send("GET", "/")[0] == 200:
            return found
    except CredentialsMissing:
        found = Credentials(new_password(), new_password())

    send = sending(asking)
    write_roles(send)
    found.write(paths.credentials)  # before the node has them: what it has is known then, whenever this ends
    write_user(send, ADMIN_USER, found.admin, ["all_access"])
    write_user(send, OWN, found.clipseek, [role_name(ROLES[-1])])
    say(
        f"new passwords of the users {ADMIN_USER} and {OWN} are in {paths.credentials}; show them with: clipseek node credentials"
    )
    return found
