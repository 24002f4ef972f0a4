"""Secrets in files that only this user may read: the token of one start, and the key of signed links."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from ..errors import ServeError

_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,512}")


def private_folder(folder: Path) -> Path:
    """``folder``, made if need be, that this user alone may enter. Raises ServeError where it belongs to somebody else."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise ServeError(f"{folder} is not a folder of this user; choose another place with CLIPSEEK_DATA")
        if found.st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as problem:
        raise ServeError(
            f"{folder} cannot be made ({problem.strerror}); choose another place with CLIPSEEK_DATA"
        ) from None
    return folder


def new_secret(path: Path) -> str:
    """A new secret of 256 bits, written into a new file with mode 0600; an older one there is removed. Raises ServeError."""
    secret = secrets.token_urlsafe(_BYTES)
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise ServeError(
            f"{path} cannot be written ({problem.strerror}); name another file with --token-file"
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(descriptor, 0o600)
        file.write(f"{secret}\n")
    return secret


def kept_secret(path: Path) -> str:
    """The secret in the file, or a new one where there is no file. Raises ServeError where others may read the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return new_secret(path)
    except OSError as problem:
        raise ServeError(f"{path} cannot be read ({problem.strerror}); name a plain file with --token-file") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ServeError(f"{path} is not a plain file; name one with --token-file")
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise ServeError(f"{path} can be read or changed by other users; make it yours alone: chmod 600 {path}")
        secret = os.read(descriptor, 1024).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    if not _TOKEN.fullmatch(secret):
        raise ServeError(
            f"{path} holds no token: one line of 16 to 512 letters, digits and '-._~'; remove it, and a new one is made"
        )
    return secret
