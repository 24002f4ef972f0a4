"""Options that belong together reach a command as one value, made of them when the command runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def gathered(name: str, make: Callable[..., Any], *options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """A decorator that adds ``options`` (and arguments); the command gets ``name``, which ``make`` makes of their values."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(*args: Any, **given: Any) -> Any:
            own = {parameter: given.pop(parameter) for parameter in names}
            return command(*args, **{name: make(**own)}, **given)

        for option in reversed(options):
            call = option(call)
        names = {parameter.name for parameter in getattr(call, "__click_params__")[-len(options) :]}  # noqa: B009
        return cast(Command, call)

    return decorate


def index_or_name(required: bool = False) -> Callable[[Command], Command]:
    """The index as the argument NAME or as ``--index NAME``; the command gets ``index``."""

    def chosen(index_name: str | None, index: str | None) -> str:
        if index_name and index and index_name != index and "index" in named_options():
            raise click.UsageError(f"NAME is {index_name} and --index is {index}; name one index")
        if not (index_name or index) and required:
            raise click.UsageError("no index was named; give NAME or --index NAME")
        return index_name or index or "clipseek"

    text = "Alias of the index, instead of NAME." + ("" if required else "  [default: clipseek]")
    variable = None if required else "CLIPSEEK_INDEX"
    return gathered(
        "index",
        chosen,
        click.argument("index_name", required=False, metavar="[NAME]"),
        click.option("--index", envvar=variable, metavar="NAME", help=text),
    )


def named_options() -> set[str]:
    """The options that stand on the command line; others have their default, or come from the environment."""
    context, typed = click.get_current_context(silent=True), click.core.ParameterSource.COMMANDLINE
    if context is None:
        return set()
    return {name for name in context.params if context.get_parameter_source(name) is typed}
