"""Writing a bundle whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clipseek.files.whole import whole_folder

from ..errors import BundleError
from .bundle import FORMAT, Bundle, ImageSpec, fingerprint
from .files import FILES, PASSPORT, PATCHES, TRAINED_ON, sha256, weights_file
from .unchanged import same_file


@contextlib.contextmanager
def new_bundle(out: Path | str, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes ``out`` when the block ends well, and is removed when it does not.

    ``force`` lets it take the place of a bundle that is there; anything else that is there is never replaced. Raises
    BundleError when ``out`` is taken or cannot be made.
    """
    target = Path(out).resolve()  # a link keeps pointing at its folder
    check_free(target, force=force)
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(whole_folder(target, replace=force))
        except OSError as problem:
            if problem.errno == errno.ENOSPC:
                raise
            raise BundleError(f"{target} cannot be made ({problem.strerror or problem}); name another folder") from None
        yield folder
        if force:
            check_free(target, force=True)  # long after the first time
        try:
            stack.close()
        except FileExistsError:
            check_free(target)  # what came there meanwhile stays
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
    extras = [name for name in (*_with_weights(folder, (PATCHES,)), TRAINED_ON) if (folder / name).is_file()]
    if extras:
        passport["extras"] = {
            name: {"sha256": sha256(folder / name), "size": (folder / name).stat().st_size} for name in extras
        }
    passport["fingerprint"] = fingerprint(passport)
    (folder / PASSPORT).write_text(json.dumps(passport, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return passport


def copy_with_image(bundle: Bundle, out: Path | str, image: ImageSpec, *, force: bool = False) -> Bundle:
    """A copy of ``bundle`` whose pictures become pixels as ``image`` says: other vectors, and another fingerprint.

    Raises BundleError as ``new_bundle`` does.
    """
    with new_bundle(out, force=force) as folder:
        extras = bundle.passport.get("extras", {})
        for name in (*bundle.passport["files"], *extras):
            with same_file(bundle, name) as file:
                shutil.copyfile(file, folder / name)
        made = ("format", "fingerprint", "files", "sizes", "extras")
        facts = {name: value for name, value in bundle.passport.items() if name not in made}
        write_passport(folder, {**facts, "image": image.as_dict()})
    return Bundle.load(out)


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
