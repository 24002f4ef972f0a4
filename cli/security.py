"""``clipseek security``: least-privilege roles and users for servers with the security plugin."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .groups import Group
from .opening import open_client, server_url
from .options.common import url_option
from .options.paths import FilePath
from .terminal.output import data, note, print_json

if TYPE_CHECKING:
    from clipseek.opensearch.security.roles import Role
    from clipseek.opensearch.security.setup import Send


@click.group(cls=Group)
def security() -> None:
    """Give people and programs no more rights on a server than they need."""


class NewUser(click.ParamType[tuple[str, "Role"]]):
    """``NAME:ROLE``, a user to be made."""

    name = "NAME:ROLE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Role]:
        from clipseek.opensearch.security.roles import ROLES

        name, _, wanted = str(value).rpartition(":")
        role = next((role for role in ROLES if role == wanted), None)
        if not name.strip() or "/" in name or role is None:
            self.fail(
                f"{value!r}, expected NAME:ROLE with one of the roles {', '.join(ROLES)}, for instance reader:search"
            )
        return name, role


@security.command()
@click.option(
    "--indexes",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Names of indexes that the roles are for, as icons*; an alias's indexes begin with its name. Repeatable.  [default: *]",
)
@click.option(
    "--user",
    "users",
    type=NewUser(),
    multiple=True,
    help="Make a user with a new password: reader:search, feeder:ingest, keeper:admin. Repeatable.",
)
@click.option(
    "--passwords",
    type=FilePath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A new file, for this user alone, for the passwords of --user.",
)
@click.option("--print", "only_print", is_flag=True, help="Print the requests for the server's owner, and send none.")
@url_option
def setup(
    patterns: tuple[str, ...],
    users: tuple[tuple[str, Role], ...],
    passwords: Path | None,
    only_print: bool,
    url: str | None,
) -> None:
    """Write the roles clipseek_search, clipseek_ingest and clipseek_admin to the server, and users of them.

    Each role may do what the one before may: search; fill indexes; delete indexes and change pipelines. Needs an administrator of
    the security plugin, as --url https://admin@host:9200 with CLIPSEEK_PASSWORD; of this user's own node it is one. Users who are
    there already are not changed.
    """
    from clipseek.opensearch.security.setup import API, new_password, write_roles, write_user

    indexes = patterns or ("*",)
    if only_print:
        sent: list[dict[str, Any]] = []
        write_roles(lambda method, path, body: sent.append({"method": method, "path": path, "body": body}), indexes)
        print_json(sent)
        return
    if bool(users) != (passwords is not None):
        raise click.UsageError("--user and --passwords FILE go together: a new password is written, never printed")
    send = _sender(url, patterns)
    _there(send, f"{API}/roles/clipseek_search")
    for name, _ in users:
        if _there(send, f"{API}/internalusers/{name}"):
            raise click.UsageError(
                f"the server has a user {name!r} already; choose another name, or remove that one first"
            )
    made = {name: new_password() for name, _ in users}
    if passwords is not None:
        _write_new(passwords, made)  # before the server has them: what it has is known then, whenever this ends
    write_roles(send, indexes)
    for name, role in users:
        write_user(send, name, made[name], [f"clipseek_{role}"])
        data(f"{name}  clipseek_{role}")
    note(f"roles are written for {', '.join(indexes)}" + (f"; passwords are in {passwords}" if passwords else ""))


def _sender(url: str | None, patterns: Sequence[str]) -> Send:
    """How the security plugin is asked: this user's own node by its administrator's certificate, every other server by ``url``."""
    from clipseek.opensearch.node.reach import administrator

    send = administrator(server_url(url))
    if send is None:
        request = open_client(url).transport.perform_request
        return lambda method, path, body: request(method, path, body=body)
    if patterns:
        raise click.UsageError(
            "this user's own node has these roles for all indexes, for clipseek's commands; leave --indexes out"
        )
    return send


def _there(send: Send, path: str) -> bool:
    from clipseek.opensearch.errors import AccessRefused, NotFound, RequestRefused, ServerUnfit

    try:
        send("GET", path, None)
    except NotFound:
        return False
    except AccessRefused:
        raise AccessRefused(
            "the server lets this user write no roles; name an administrator of its security plugin with --url "
            "https://NAME@HOST:9200 and CLIPSEEK_PASSWORD"
        ) from None
    except RequestRefused as problem:
        if problem.status == 400:
            raise ServerUnfit("the server has no security plugin, so there are no roles and users to write") from None
        raise
    return True


def _write_new(path: Path, made: dict[str, str]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise click.UsageError(f"--passwords {path} cannot be made ({problem.strerror}); name a new file") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(made, indent=1) + "\n")
