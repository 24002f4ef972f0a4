"""Files of a bundle that are read after its passport: those that it vouches for, or an error.

An encoder opens a tower when it is first needed, which may be hours after the bundle was read. Where another model's bundle was put
in its place meanwhile, vectors of that model would go under the fingerprint of this one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import BundleError
from .bundle import Bundle
from .files import Identity, altered, check_references, identity, sha256, weights_file


@contextlib.contextmanager
def same_file(bundle: Bundle, name: str) -> Iterator[Path]:
    """The path of the bundle's file ``name``, to be read in the block; a graph's file of weights goes with it.

    Each is hashed before (0.1 s a 100 MB), unless it was when the bundle was read, and is the same since then. Raises BundleError
    where it is not what the passport lists, also where it became another at the end of the block, and where a graph takes
    weights from a file that the passport does not list.
    """
    path = bundle.path / name
    files = [path] if _hash(bundle, weights_file(path).name) is None else [path, weights_file(path)]
    before = [_checked(bundle, file) for file in files]
    check_references(path, [*bundle.passport["files"], *bundle.passport.get("extras", {})])
    yield path
    for file, one in zip(files, before, strict=True):
        now = identity(file)
        # A backup or a link beside it changes its times alone.
        if now is None or (now != one and (now[:4] != one[:4] or sha256(file) != _hash(bundle, file.name))):
            raise _replaced(bundle, file)


def _checked(bundle: Bundle, file: Path) -> Identity:
    now, read = identity(file), bundle.identities.get(file.name)
    if now is None or _hash(bundle, file.name) is None:
        raise _replaced(bundle, file)
    if now == read and file.name in bundle.hashed:
        return now
    if sha256(file) != _hash(bundle, file.name):
        raise altered(file) if now == read else _replaced(bundle, file)
    return now


def _hash(bundle: Bundle, name: str) -> str | None:
    """As the passport has it."""
    extras = bundle.passport.get("extras", {})
    found: str | None = extras[name]["sha256"] if name in extras else bundle.passport["files"].get(name)
    return found


def _replaced(bundle: Bundle, file: Path) -> BundleError:
    return BundleError(
        f"{file} was replaced or removed after model {bundle.fingerprint[:8]} was opened; start again to use what is there now"
    )
