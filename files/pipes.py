"""Named pipes: whoever opens one waits until another program opens its other end, which may be for ever."""

from __future__ import annotations

import os
import stat

#: Where the shell puts what it opened itself, as for ``<(command)``: nobody waits for its other end.
_OPENED = ("/dev/fd/", "/dev/std", "/proc/")


def is_named_pipe(path: str | os.PathLike[str]) -> bool:
    """True for a pipe that the shell did not open itself."""
    try:
        return not os.fspath(path).startswith(_OPENED) and stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
