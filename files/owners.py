"""Who besides this user can change a file: by owners and permissions, as ssh asks of its own files.

Access lists beyond the mode bits are not read. Where there are no owners (Windows) nobody else can.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def who_else(path: Path) -> str | None:
    """In words, who else can change the file or folder at ``path``, or put another one in its place; None where nobody can but this
    user, root, and the owner of this code.

    All folders above count, where ``path`` leads through links those above the real place too. In a sticky folder like /tmp what
    this user made is safe. A group that holds its user alone, as many systems give each one, is that user.
    """
    if not hasattr(os, "geteuid"):
        return None
    # Who owns this very code has the say over all that it does.
    own = {0, os.geteuid(), os.stat(__file__).st_uid}
    for one, itself in places(path):
        try:
            found = one.lstat()
        except OSError:
            continue  # what is not there is not read
        if found.st_uid not in own:
            return f"{one} belongs to {_name(found.st_uid)}"
        open_to = open_by(found, itself=itself)
        if open_to & 0o002:
            return f"everybody can write to {one}"
        if open_to & 0o020 and not _of_one(found.st_gid, found.st_uid):
            return f"a group can write to {one}"
    return None


def places(path: Path) -> Iterator[tuple[Path, bool]]:
    """The path and all above it, where it is a link, or leads through one, those of the real place too; True with what it itself
    is, the link and what it leads to."""
    plain = Path(os.path.abspath(path))
    real = Path(os.path.realpath(path))
    for one in dict.fromkeys((plain, *plain.parents, real, *real.parents)):
        yield one, one in (plain, real)


def open_by(found: os.stat_result, *, itself: bool) -> int:
    """Those of the bits 0o022 by which a group, or everybody, can change one of ``places``, or put another one in its place."""
    sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX and not itself
    return 0 if sticky or stat.S_ISLNK(found.st_mode) else found.st_mode & 0o022


def _of_one(gid: int, uid: int) -> bool:
    """Whether the group is the user's private one: its own first group, of its name, with no other member."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and (uid == 0 or group.gr_name == user.pw_name) and not set(group.gr_mem) - {user.pw_name}


def _name(uid: int) -> str:
    import pwd

    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"
