"""Every command of ``clipseek``, as the command line itself has them."""

from __future__ import annotations

from collections.abc import Iterator

import click
from clipseek.cli.main import root


def commands(group: click.Group = root, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Name, as ``index list``, and command, groups among them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*names, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
