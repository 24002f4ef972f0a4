"""Groups of commands: an unknown name is answered with the nearest."""

from __future__ import annotations

import click


class Group(click.Group):
    """A click group that names the nearest command where one is not known."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        unknown = not name.startswith("-") and self.get_command(ctx, name) is None
        if unknown and not ctx.resilient_parsing:
            import difflib

            nearest = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            ctx.fail(f'No such command "{name}".' + (f' Did you mean "{nearest[0]}"?' if nearest else ""))
        return super().resolve_command(ctx, args)
