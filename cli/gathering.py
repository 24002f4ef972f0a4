"""Options that belong together reach a command as one value, and which of them stand on the command line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def gathered(name: str, kind: type[Any], *options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """A decorator that adds ``options`` and hands their values to the command as one ``kind``, the parameter ``name``."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(*args: Any, **given: Any) -> Any:
            values = {field: given.pop(field) for field in kind.__dataclass_fields__ if field in given}
            return command(*args, **{name: kind(**values)}, **given)

        for option in reversed(options):
            call = option(call)
        return cast(Command, call)

    return decorate


def index_or_name(required: bool = False) -> Callable[[Command], Command]:
    """The index as the argument NAME or as ``--index NAME``; the command gets ``index``."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(*args: Any, index_name: str | None, index: str | None, **given: Any) -> Any:
            if index_name and index and index_name != index and "index" in named_options():
                raise click.UsageError(f"NAME is {index_name} and --index is {index}; name one index")
            chosen = index_name or index
            if chosen is None and required:
                raise click.UsageError("no index was named; give NAME or --index NAME")
            return command(*args, index=chosen or "clipseek", **given)

        call = click.option(
            "--index",
            envvar=None if required else "CLIPSEEK_INDEX",
            metavar="NAME",
            help="Alias of the index, instead of NAME." + ("" if required else "  [default: clipseek]"),
        )(call)
        return cast(Command, click.argument("index_name", required=False, metavar="[NAME]")(call))

    return decorate


def named_options() -> set[str]:
    """The options that stand on the command line; others have their default, or come from the environment."""
    context = click.get_current_context(silent=True)
    if context is None:
        return set()
    typed = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) is typed}
