"""Files with secrets: read only where nobody else can read or change them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from ...errors import InvalidAddress


def read_private(path: Path, what: str) -> str:
    """The text of the file ``path``. Raises InvalidAddress, which names it as ``what``, for one that is another user's, or that
    others may read; a link is followed, for what it leads to is looked at.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as problem:
        raise InvalidAddress(f"{what} {path} cannot be read ({problem.strerror}); name a file of your own") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise InvalidAddress(f"{what} {path} is not a plain file; name one")
        if sys.platform != "win32":
            if found.st_uid != os.geteuid():
                raise InvalidAddress(
                    f"{what} {path} belongs to another user, so it was not read; name a file of your own"
                )
            if found.st_mode & 0o077:
                raise InvalidAddress(
                    f"{what} {path} may be read or changed by others, so it was not read; close it with: chmod 600 {path}"
                )
        try:
            return file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidAddress(f"{what} {path} is not UTF-8 text; write it anew") from None
