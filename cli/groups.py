"""Groups of commands: an unknown name is answered with the nearest, and a closed pipe ends a command in peace."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click


class Group(click.Group):
    """A click group that names the nearest command where one is not known."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        unknown = not name.startswith("-") and self.get_command(ctx, name) is None
        if unknown and not ctx.resilient_parsing:
            nearest = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            ctx.fail(f'No such command "{name}".' + (f' Did you mean "{nearest[0]}"?' if nearest else ""))
        return super().resolve_command(ctx, args)


class ReaderGone(Exception):
    """Whoever read our output (head, less) closed it."""


class PipedGroup(Group):
    """Raises ReaderGone for a closed pipe; click by itself makes an exit code of 1 of it."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _reader_may_go():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _reader_may_go():
            return super().invoke(ctx)


@contextmanager
def _reader_may_go() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
