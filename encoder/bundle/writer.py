"""Writing a bundle whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import BundleError
from .bundle import FILES, FORMAT, PASSPORT, PATCHES, fingerprint, sha256, weights_file


@contextlib.contextmanager
def new_bundle(out: Path | str, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes ``out`` when the block ends well, and is removed when it does not.

    ``force`` lets it take the place of a bundle that is there; anything else that is there is never replaced. Raises
    BundleError when ``out`` is taken or cannot be made.
    """
    target = Path(out).resolve()  # a link keeps pointing at its folder
    check_free(target, force=force)
    made = [parent for parent in target.parents if not parent.exists()]  # innermost first
    partial = target.parent / f".{target.name}.partial-{os.getpid()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _tidy(target)
        partial.mkdir()
    except OSError as problem:
        _remove_empty(made)
        if problem.errno == errno.ENOSPC:
            raise
        raise BundleError(f"{target} cannot be made ({problem.strerror or problem}); name another folder") from None
    try:
        yield partial
        for path in partial.iterdir():
            _flush(path)
        _put_in_place(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        _remove_empty(made)
        raise


def write_passport(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Complete ``facts`` with the files' hashes, sizes and the fingerprint, and write them as clipseek.json.

    ``facts`` holds dimension, image, text, precision, logit_scale, provenance and parity. Returns the whole passport.
    """
    files = _with_weights(folder, FILES)
    passport = {
        "format": FORMAT,
        "fingerprint": "",
        **facts,
        "files": {name: sha256(folder / name) for name in files},
        "sizes": {name: (folder / name).stat().st_size for name in files},
    }
    if (folder / PATCHES).is_file():
        passport["extras"] = {
            name: {"sha256": sha256(folder / name), "size": (folder / name).stat().st_size}
            for name in _with_weights(folder, (PATCHES,))
        }
    passport["fingerprint"] = fingerprint(passport)
    (folder / PASSPORT).write_text(json.dumps(passport, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return passport


def _with_weights(folder: Path, names: Sequence[str]) -> list[str]:
    """``names``, and the files of weights beside them."""
    beside = [weights_file(folder / name) for name in names]
    return [*names, *(path.name for path in beside if path.is_file())]


def check_free(out: Path | str, *, force: bool = False) -> None:
    """Raise BundleError when a bundle cannot be put at ``out``: cheap, so that long work may ask before it starts."""
    target = Path(out)
    if not target.exists() and not target.is_symlink():
        return
    if not target.is_dir():
        raise BundleError(f"{target} is a file, expected a folder to make; name another")
    if not any(target.iterdir()):
        return
    if not (target / PASSPORT).is_file():
        raise BundleError(f"{target} holds other things than a bundle and is left alone; name another folder")
    if not force:
        raise BundleError(f"{target} holds a bundle already; replace it with --force, or name another folder")


def _put_in_place(partial: Path, target: Path) -> None:
    if not target.exists():
        partial.rename(target)
        return
    old = target.parent / f".{target.name}.replaced-{os.getpid()}"
    target.rename(old)
    try:
        partial.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    # Renamed before its bytes reach the disk, a file can come out of a power cut empty.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _tidy(target: Path) -> None:
    """Clear up what a killed export left beside ``target``; never what a living one is writing."""
    for path in target.parent.glob(f".{_plain(target.name)}.*-*"):
        left = re.fullmatch(r"\.(partial|replaced)-(\d+)", path.name[len(target.name) + 1 :])
        if not left or _alive(int(left[2])):
            continue
        if left[1] == "replaced" and not target.exists():
            path.rename(target)  # killed between taking the old bundle away and putting the new one there
        else:
            shutil.rmtree(path, ignore_errors=True)


def _plain(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False  # left by an earlier process of our number: this one clears up after itself
    if os.name == "nt":
        return True  # no harmless way to ask there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
