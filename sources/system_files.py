"""Files and folders among the pictures that a NAS, a camera, a program or an operating system made for itself.

Their thumbnails decode like the user's pictures and would be found beside them.
"""

from __future__ import annotations

import re
from fnmatch import translate

#: Patterns of names in lower case, and who makes them.
_FOLDERS = {
    "@eadir": "a Synology NAS",
    "#recycle": "a NAS",
    "#snapshot": "a NAS",
    "@recycle": "a QNAP NAS",
    "@recently-snapshot": "a QNAP NAS",
    "@__thumb": "a QNAP NAS",
    ".@__thumb": "a QNAP NAS",
    ".@upload_cache": "a QNAP NAS",
    "__macosx": "macOS",
    ".appledouble": "macOS",
    ".appledb": "macOS",
    ".documentrevisions-v100": "macOS",
    ".fseventsd": "macOS",
    ".spotlight*": "macOS",
    ".temporaryitems": "macOS",
    ".trashes": "macOS",
    "ipod photo cache": "iTunes",
    "$recycle.bin": "Windows",
    "recycler": "Windows",
    "system volume information": "Windows",
    "lost+found": "Linux",
    ".trash": "the desktop's bin",
    ".trash-*": "the desktop's bin",
    ".thumbnails": "a program's thumbnails",
    ".thumbs": "a program's thumbnails",
    ".thumb": "a program's thumbnails",
    ".sh_thumbnails": "a program's thumbnails",
    ".xvpics": "a program's thumbnails",
    ".picasaoriginals": "Picasa",
    ".dtrash": "digiKam",
    "*.lrdata": "Lightroom",
    "lost.dir": "Android",
    ".ipynb_checkpoints": "Jupyter",
}
_FILES = {
    "._*": "macOS",
    ".ds_store": "macOS",
    ".localized": "macOS",
    "icon\r": "macOS",
    "thumbs.db": "Windows",
    "thumbs.db:encryptable": "Windows",
    "ehthumbs.db": "Windows",
    "ehthumbs_vista.db": "Windows",
    "desktop.ini": "Windows",
    ".directory": "KDE",
    "synophoto_*": "a Synology NAS",
    "synoindex_*": "a Synology NAS",
    "synofile_*": "a Synology NAS",
    ".picasa.ini": "Picasa",
    "picasa.ini": "Picasa",
    ".bridgesort": "Adobe Bridge",
    ".bridgelabelsandratings": "Adobe Bridge",
    ".bridgecache*": "Adobe Bridge",
    "zbthumbnail.info": "a camera",
    "*.thm": "a camera",
    "*.ctg": "a camera",
    ".nomedia": "Android",
    ".thumbdata*": "Android",
    ".trashed-*": "Android",
    ".pending-*": "Android",
}


class _Makers:
    """Who makes what, by patterns: every name of a source is held against them, so all of these are one expression."""

    def __init__(self, makers: dict[str, str]) -> None:
        self._exact = {pattern: who for pattern, who in makers.items() if not set(pattern) & set("*?[")}
        self._patterns = [(pattern, who) for pattern, who in makers.items() if pattern not in self._exact]
        self._any = re.compile("|".join(f"({translate(pattern)})" for pattern, _ in self._patterns))

    def of(self, lowered: str) -> str | None:
        if who := self._exact.get(lowered):
            return who
        found = self._any.match(lowered)
        return None if found is None else self._patterns[(found.lastindex or 1) - 1][1]


_MAKERS_OF_FOLDERS, _MAKERS_OF_FILES = _Makers(_FOLDERS), _Makers(_FILES)


def maker_of(name: str, *, is_folder: bool) -> str | None:
    """Who makes files, or folders, of this name for itself; None for the user's own. The case of the letters does not count."""
    return (_MAKERS_OF_FOLDERS if is_folder else _MAKERS_OF_FILES).of(name.lower())


def maker_of_path(relative: str) -> str | None:
    """As ``maker_of`` for a path with slashes, a file's: the first of its folders and its name that is no user's."""
    *folders, name = relative.split("/")
    return next(filter(None, (maker_of(folder, is_folder=True) for folder in folders)), maker_of(name, is_folder=False))
