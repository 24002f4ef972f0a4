"""Files and folders on the command line."""

from __future__ import annotations

import os
from typing import Any

import click
from clipseek.files.pipes import is_named_pipe


class FilePath(click.Path):
    """A path that is no named pipe."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        if is_named_pipe(os.fsdecode(path)):
            name = param.get_error_hint(ctx) if param is not None and ctx is not None else "path"  # as Click names it
            raise click.ClickException(
                f"{name}: {os.fsdecode(path)} is a named pipe, not a file; name a file or a folder"
            )
        return path
