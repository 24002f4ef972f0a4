"""Files and folders on the command line."""

from __future__ import annotations

import os
import stat
from typing import Any

import click

#: Where the shell puts what it opened itself, as for ``<(command)``: nobody waits for its other end.
_OPENED = ("/dev/fd/", "/dev/std", "/proc/")


class FilePath(click.Path):
    """A path that is no named pipe: whoever opens one waits until another program opens its other end, which may be for ever."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        if is_named_pipe(os.fsdecode(path)):
            name = param.get_error_hint(ctx) if param is not None and ctx is not None else "path"  # as Click names it
            raise click.ClickException(
                f"{name}: {os.fsdecode(path)} is a named pipe, not a file; name a file or a folder"
            )
        return path


def is_named_pipe(path: str) -> bool:
    """True for a pipe that the shell did not open itself."""
    try:
        return not path.startswith(_OPENED) and stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
