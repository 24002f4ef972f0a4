"""The node's folders: private, nothing of anybody else's touched, no link followed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from pathlib import Path
from typing import TextIO

from clipseek.files.owners import open_by, places
from clipseek.files.processes import elsewhere

from .errors import NodeElsewhere, UnreachableFolder
from .paths import NodePaths, is_root
from .state import read_state

#: In a node's folder, so that ``reset`` knows it again.
MARK = ".clipseek-node"
#: In an assembled node, so that it is whole; written last.
ASSEMBLED = "assembled"
#: Seconds in which a process that ends gives back its memory, and then its locks: its first thread may be gone long before.
ENDING = 10.0
_ELSEWHERE = "choose other folders with CLIPSEEK_DATA and CLIPSEEK_CACHE"


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make the folder and those above it where they are missing; only what is made here gets ``mode``. Raises UnreachableFolder."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        for one in reversed(missing):
            with contextlib.suppress(FileExistsError):  # another start was quicker
                one.mkdir(mode)
                one.chmod(mode)  # whatever the umask is
        if not folder.is_dir():
            raise UnreachableFolder(f"{folder} is no folder; {_ELSEWHERE}")
    except OSError as problem:
        raise UnreachableFolder(f"{folder} cannot be made ({problem.strerror}); {_ELSEWHERE}") from None


def make_base(folder: Path) -> None:
    """Make clipseek's own ``folder``; root's may be entered, for the node that it starts is another user's."""
    if is_root():
        check_for_root(folder)
    make_folder(folder, 0o711 if is_root() else 0o700)


def check_for_root(folder: Path) -> None:
    """Raises UnreachableFolder where another user than root can put something else in the place of ``folder``, or into it.

    Root writes there and gives away what lies there: by a link in its place, that would be any file of the machine.
    """
    for one, itself in places(folder):
        try:
            found = one.lstat()
        except FileNotFoundError:
            continue
        if found.st_uid != 0 or open_by(found, itself=itself):
            raise UnreachableFolder(
                f"{one} can be changed by another user than root, so root keeps no node in {folder}; {_ELSEWHERE}, or run as "
                "an ordinary user"
            )


def make_node_folder(paths: NodePaths, group: int | None) -> None:
    """The node's own folder, for this user alone; root's may be entered by ``group``, the node's. Raises UnreachableFolder."""
    found = paths.node.lstat() if os.path.lexists(paths.node) else None
    if found is not None and (not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid()):
        raise UnreachableFolder(f"{paths.node} is not a folder of this user; {_ELSEWHERE}")
    if found is not None and not is_node(paths):
        raise UnreachableFolder(f"{paths.node} holds something else than a node's files; {_ELSEWHERE}")
    make_folder(paths.node)
    if group is None:
        paths.node.chmod(0o700)
    else:
        os.chown(paths.node, -1, group)
        paths.node.chmod(0o710)
    write_private(paths.node / MARK, "The data of clipseek's embedded OpenSearch node.\n")


def is_node(paths: NodePaths) -> bool:
    """Whether ``paths.node`` is empty or a node's: by its mark, or (an older clipseek's) by its configuration or state."""
    names = {path.name for path in paths.node.iterdir()}
    if not names or MARK in names or read_state(paths.state) is not None:
        return True
    try:
        return 'cluster.name: "clipseek"' in (paths.config / "opensearch.yml").read_text("utf-8")
    except (OSError, ValueError):
        return False


def check_unused(paths: NodePaths) -> None:
    """Raises NodeElsewhere where a process works in the node's folder that its state does not tell of: in a shared folder another
    container's or machine's node, whose process cannot be looked up here. OpenSearch's own lock on its data says so.
    """
    import fcntl

    lock = paths.indices / "nodes" / "0" / "node.lock"
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    state = read_state(paths.state)
    # Another container's is none of ours that ends.
    end = time.monotonic() + (0.0 if state is not None and elsewhere(state.identity) else ENDING)
    try:
        while True:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise NodeElsewhere(
                        f"a node of another container or machine works in {paths.node}; use that one with --url, or stop it "
                        "where it runs, or choose another folder with CLIPSEEK_DATA"
                    ) from None
            except OSError:  # this file system keeps no locks
                return
            time.sleep(0.05)
    finally:
        os.close(descriptor)


def fresh_folder(folder: Path) -> None:
    """Make ``folder`` anew, empty and private."""
    remove(folder)
    folder.mkdir(0o700)


def remove(path: Path) -> None:
    """Remove a file, a link (not what it points to) or a whole folder; nothing where nothing is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_node(paths: NodePaths) -> list[Path]:
    """Remove what a node has written, and its folder where nothing else lies in it. Returns what was removed, [] where nothing
    was. Raises UnreachableFolder for a folder that is no node's.
    """
    if not os.path.lexists(paths.node):
        return []
    if paths.node.is_symlink() or not paths.node.is_dir() or not is_node(paths):
        raise UnreachableFolder(f"{paths.node} holds something else than a node's files, and stays as it is")
    for path in paths.own:
        remove(path)
    left = sorted(path.name for path in paths.node.iterdir())
    if left:
        return [path for path in paths.own if path != paths.node / MARK]
    paths.node.rmdir()
    return [paths.node]


def remove_artifacts(paths: NodePaths) -> list[Path]:
    """Remove what was fetched for nodes, and the folder where nothing else lies in it; no link is followed, and what else lies
    there stays. Returns what was removed. Raises UnreachableFolder for a link.
    """
    if paths.jars.is_symlink():
        raise UnreachableFolder(f"{paths.jars} is a link, and what it points to stays; remove that yourself")
    made = [path for path in paths.jars.glob("opensearch-*") if (path / ASSEMBLED).is_file()]
    if not made and not (paths.jars / MARK).is_file():
        return []
    own = [*made, *paths.jars.glob("java-*"), paths.jars / "repository", paths.jars / MARK]
    removed = [path for path in own if os.path.lexists(path)]
    for path in removed:
        remove(path)
    try:
        paths.jars.rmdir()
    except OSError:  # something else lies there
        return removed
    return [paths.jars]


def write_private(path: Path, text: str, group: int | None = None) -> None:
    """A new file that only this user may read, and ``group`` where it is given; what was there is replaced, no link followed."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if group is not None:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, 0o600 if group is None else 0o640)
        file.write(text)


def open_private(path: Path) -> TextIO:
    """A plain file to read, no link followed. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a plain file")
    return os.fdopen(descriptor, encoding="utf-8", errors="replace")
