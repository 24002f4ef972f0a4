"""Closes the OpenSearch of ``docker/compose.yaml``: ``python -m clipseek.opensearch.node.closed.composed make|renew|users``.

``make``, run as root with the right to give files away, fills the volumes below /secrets once: certificates, passwords, and the
settings that hold them, each for one service and its user alone. ``renew`` does so again. ``users`` writes roles and users to the
server that has these certificates, at every start, so that it knows the passwords of the files whenever they were made.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import OpenSearchError
from ...security.setup import new_password, write_roles, write_user
from ..asking import Asking
from ..folders import remove, write_private
from ..paths import NodePaths
from .certificates import make_certificates, trusting
from .closing import security_contents, sending, wait_for_security
from .credentials import ADMIN

ROOT = Path("/secrets")
#: Users of the images: OpenSearch's own and that of Dashboards, and clipseek's.
_OPENSEARCH, _DASHBOARDS, _CLIPSEEK = 1000, 1000, 10001
#: Users of the server, each with the roles that its service needs.
_ROLES: Mapping[str, list[str]] = {
    ADMIN: ["all_access"],
    "clipseek": ["clipseek_ingest"],
    "boards": ["clipseek_search", "kibana_user"],
    "dashboards": ["kibana_server"],
}
#: In a volume whose files are all there.
_MADE = "made"


def make(root: Path, url: str, indexes: str, give: Callable[[Path, int], None], *, again: bool = False) -> bool:
    """Fill the folders ``administrator``, ``opensearch``, ``dashboards`` and ``clipseek`` of ``root``; returns whether it did.

    url: where clipseek's services find the server. indexes: the patterns of index names its users may use. give: of a file, its
    user. The folders stay this user's, and may be entered: what lies in them is private.
    """
    home = root / "administrator"
    if (home / _MADE).is_file() and not again:
        return False
    (home / _MADE).unlink(missing_ok=True)
    paths = NodePaths(home, home)
    remove(paths.tls)
    make_certificates(paths, ("opensearch",), organization=False)
    for folder in (paths.node, paths.tls):
        folder.chmod(0o755)  # root without its powers must get in again
    passwords = {name: new_password() for name in _ROLES}
    authority = paths.authority.read_text("ascii")
    texts = {name: (paths.tls / name).read_text("ascii") for name in ("node.pem", "node-key.pem")}
    files: dict[tuple[str, int], Mapping[str, str]] = {
        ("administrator", _CLIPSEEK): {
            "password": f"{passwords[ADMIN]}\n",
            "users.json": json.dumps({"indexes": indexes.split(","), "passwords": passwords}),
        },
        ("opensearch", _OPENSEARCH): {**texts, "authority.pem": authority, **security_contents(tenants=False)},
        ("dashboards", _DASHBOARDS): {
            "authority.pem": authority,
            "opensearch_dashboards.yml": json.dumps(_dashboards(passwords["dashboards"]), indent=1),
        },
        ("clipseek", _CLIPSEEK): {
            "authority.pem": authority,
            "clipseek.json": _found(root, "clipseek", passwords, url),
            "boards.json": _found(root, "boards", passwords),
        },
    }
    for (service, user), contents in files.items():
        for name, text in contents.items():
            write_private(root / service / name, text)
            give(root / service / name, user)
    for path in paths.tls.iterdir():
        give(path, _CLIPSEEK)
    (home / _MADE).touch()
    return True


def _found(root: Path, user: str, passwords: Mapping[str, str], url: str | None = None) -> str:
    """A file for CLIPSEEK_CREDENTIALS_FILE; ``url``: for that server alone."""
    kept = {"username": user, "password": passwords[user], "ca_certs": str(root / "clipseek" / "authority.pem")}
    return json.dumps({**kept, **({} if url is None else {"url": url})})


def _dashboards(password: str) -> dict[str, Any]:
    """The settings of Dashboards. It is reached on loopback alone, over http."""
    return {
        "server.host": "0.0.0.0",  # in a container: which addresses of the machine lead there, its ports say
        "opensearch.hosts": ["https://opensearch:9200"],
        "opensearch.ssl.certificateAuthorities": [str(ROOT / "dashboards" / "authority.pem")],
        "opensearch.ssl.verificationMode": "full",
        "opensearch.username": "dashboards",
        "opensearch.password": password,
        "opensearch.requestHeadersAllowlist": ["authorization", "securitytenant"],
        "opensearch_security.multitenancy.enabled": False,
        "opensearch_security.cookie.secure": False,
        "opensearch_security.cookie.password": secrets.token_urlsafe(48),
    }


def users(root: Path, url: str) -> list[str]:
    """Write roles and users to the server at ``url``; returns the users' names. Raises StartFailed where it refuses them."""
    kept = json.loads((root / "administrator" / "users.json").read_text("utf-8"))
    home = root / "administrator"
    asking = Asking(url, trusting(NodePaths(home, home), administrator=True))
    wait_for_security(asking)
    send = sending(asking)
    write_roles(send, kept["indexes"])
    for name, roles in _ROLES.items():
        write_user(send, name, kept["passwords"][name], roles)
    return list(_ROLES)


def main(words: list[str]) -> int:
    """0 when done, 1 where the server refuses, 2 for another word."""
    url = os.environ.get("CLIPSEEK_URL", "https://127.0.0.1:9200")
    if words in (["make"], ["renew"]):
        indexes = os.environ.get("INDEXES", "pictures*,clipseek-*")
        made = make(ROOT, url, indexes, lambda path, user: os.chown(path, user, user), again=words == ["renew"])
        print("made certificates and passwords" if made else "certificates and passwords are there", file=sys.stderr)
        return 0
    if words != ["users"]:
        print(f"{' '.join(words) or 'no word'!r}, expected make, renew or users", file=sys.stderr)
        return 2
    try:
        print(f"users of the server: {', '.join(users(ROOT, url))}", file=sys.stderr)
    except OpenSearchError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
