"""The system user that root's node runs as: OpenSearch refuses to run as root, and a user that others share shares its data."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnreachableFolder, UnsupportedSystem
from ..paths import is_root

NAME = "clipseek-node"
#: Until 0.1 root's node ran as this user (nobody), who owns the indexes of then.
FORMER = 65534
_NO_LOGIN = ("nologin", "false")


@dataclass(frozen=True)
class User:
    uid: int
    gid: int


def node_user(on_progress: Callable[[str], None]) -> User | None:
    """The user of root's node, made when it is missing; None where this process is not root. Raises UnsupportedSystem."""
    if not is_root():
        return None
    import pwd

    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _make_user()
        entry = pwd.getpwnam(NAME)
        on_progress(f"made the system user {NAME}, as whom root's node runs")
    if entry.pw_uid == 0 or Path(entry.pw_shell).name not in _NO_LOGIN:
        raise UnsupportedSystem(
            f"the user {NAME} exists and is not a system user without a login; root's node runs as a user of that name: rename "
            "that user, or run as an ordinary user"
        )
    return User(entry.pw_uid, entry.pw_gid)


def _make_user() -> None:
    """Raises UnsupportedSystem where this system makes no users."""
    shell = next((path for path in ("/usr/sbin/nologin", "/sbin/nologin") if Path(path).exists()), "/bin/false")
    if command := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        words = [
            command,
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            shell,
            NAME,
        ]
    elif command := shutil.which("adduser", path="/usr/sbin:/sbin:/usr/bin:/bin"):  # BusyBox
        words = [command, "-S", "-D", "-H", "-h", "/nonexistent", "-s", shell, NAME]
    else:
        raise UnsupportedSystem(
            f"root's node runs as the system user {NAME}, which is missing, and there is no useradd here to make it; make that "
            "user, or run as an ordinary user"
        )
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnsupportedSystem(
            f"the system user {NAME} cannot be made ({done.stderr.strip() or done.returncode}); make it, or run as an ordinary user"
        )


def give(folder: Path, user: User | None) -> None:
    """Make ``folder``, private and the ``user``'s; one that is there stays as it is if it is that user's already.

    The indexes of an older clipseek, which are nobody's, become this user's: ``adopt``. Raises UnreachableFolder.
    """
    owner = os.geteuid() if user is None else user.uid
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, FORMER):
            raise UnreachableFolder(
                f"{folder} is not a folder of the node's user; move it away and start again"
            ) from None
        if user is not None and found.st_uid == FORMER:
            adopt(folder, user)
    else:
        if user is not None:
            os.chown(folder, user.uid, user.gid, follow_symlinks=False)
    _chmod(folder)


def _chmod(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def adopt(folder: Path, user: User) -> None:
    """Give root's ``folder`` and all in it, which are nobody's, to ``user``. Root takes the folder back first, so that nobody gets
    in any more; links are not followed, and what is not nobody's own plain file or folder is refused: UnreachableFolder.
    """
    top = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        os.fchown(top, 0, 0)
        os.fchmod(top, 0o700)
        for root, folders, files, here in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            for name in (*folders, *files):
                _give_one(name, here, user, folder / root / name)
        os.fchown(top, user.uid, user.gid)
    finally:
        os.close(top)


def _give_one(name: str, here: int, user: User, shown: Path) -> None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    except OSError:
        raise UnreachableFolder(f"{shown} is a link or no plain file; remove it and start again") from None
    try:
        found = os.fstat(descriptor)
        plain = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
        if not plain or found.st_uid not in (FORMER, user.uid):
            raise UnreachableFolder(f"{shown} was not written by a node; remove it and start again")
        os.fchown(descriptor, user.uid, user.gid)
    finally:
        os.close(descriptor)
