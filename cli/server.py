"""``clipseek server``: what is at an address, and as whom this side comes in."""

from __future__ import annotations

from typing import Any

import click

from .groups import Group
from .opening import open_client
from .options.common import json_option, url_option
from .terminal.output import data, print_json


@click.group(cls=Group)
def server() -> None:
    """See whether a server can be used, and as whom."""


@server.command()
@url_option
@json_option
def check(url: str | None, as_json: bool) -> None:
    """Print what the server is, which credentials were used and where they were found, and whom it takes this user for.

    Credentials come from the environment, a file, .netrc or the keyring; none is ever printed. Exit code 1 where the server cannot
    be used.
    """
    client = open_client(url)
    from clipseek.opensearch.server.address import address
    from clipseek.opensearch.server.capabilities import check_plugins
    from clipseek.opensearch.server.client import credentials_of

    check_plugins(client)
    credentials = credentials_of(client)
    facts = {
        "url": address(client),
        "version": str(client.info()["version"]["number"]),
        "credentials": credentials.kind or "none",
        "from": credentials.source,
        **_taken_for(client),
    }
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        if value:
            data(f"{name:11} {', '.join(value) if isinstance(value, list) else value}")


def _taken_for(client: Any) -> dict[str, Any]:
    """User and roles by the server's security plugin; nothing where it has none."""
    from clipseek.opensearch.errors import AccessRefused, RequestRefused, ServerUnfit

    try:
        told = client.transport.perform_request("GET", "/_plugins/_security/authinfo")
    except (AccessRefused, RequestRefused, ServerUnfit):
        return {}
    if not isinstance(told, dict) or "user_name" not in told:
        return {}
    return {"user": told["user_name"], "roles": sorted(told.get("roles", []))}
