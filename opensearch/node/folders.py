"""The node's folders on disk: made, and given to the user that the node runs as."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import UnreachableFolder
from .paths import NodePaths, is_root


def make_folder(folder: Path) -> None:
    """Make a folder that every user may enter where this one is root. Raises UnreachableFolder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_root():
            folder.chmod(0o755)
    except OSError as problem:
        raise UnreachableFolder(
            f"{folder} cannot be made ({problem.strerror}); choose other folders with CLIPSEEK_DATA and CLIPSEEK_CACHE"
        ) from None


def hand_over(paths: NodePaths, home: Path, user: int) -> None:
    """Give root's node folders to the user that the node runs as, and make sure that it can get there."""
    for folder in (paths.indices, paths.config, paths.scratch):
        for root, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(os.path.join(root, name), user, user)
    for target in (home, paths.indices):
        for parent in target.parents:
            if not parent.stat().st_mode & 0o001:
                raise UnreachableFolder(
                    f"the node runs as another user than root, who cannot look into {parent}; choose folders that everybody may "
                    "enter with CLIPSEEK_DATA and CLIPSEEK_CACHE, or run as an ordinary user"
                )
