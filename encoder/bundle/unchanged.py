"""Files of a bundle that are read after its passport: the same ones, or an error.

An encoder opens a tower when it is first needed, which may be hours after the bundle was read. Where another model's bundle was put
in its place meanwhile, vectors of that model would go under the fingerprint of this one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import BundleError
from .bundle import Bundle, Identity, identity, sha256, weights_file


@contextlib.contextmanager
def same_file(bundle: Bundle, name: str) -> Iterator[Path]:
    """The path of the bundle's file ``name``, to be read in the block; a graph's file of weights goes with it.

    Raises BundleError where it is not what the bundle had when it was read, before the block or at its end. A file that was only
    copied or touched since then is hashed (0.1 s a 100 MB) and taken.
    """
    path = bundle.path / name
    files = [file for file in (path, weights_file(path)) if file.name in bundle.identities or file == path]
    before = [_checked(bundle, file) for file in files]
    yield path
    if [identity(file) for file in files] != before:
        raise _replaced(bundle, path)


def _checked(bundle: Bundle, file: Path) -> Identity | None:
    now = identity(file)
    if now is None or (now != bundle.identities.get(file.name) and sha256(file) != _hash(bundle, file.name)):
        raise _replaced(bundle, file)
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
