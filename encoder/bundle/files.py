"""The files of a bundle's folder: which there may be, and whether they are those that the passport lists."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import BundleError
from .references import external_files

PASSPORT = "clipseek.json"
FILES = ("image.onnx", "text.onnx", "tokenizer.json")
#: Written on request, for ``clipseek explain``; not part of the fingerprint, because it decides no vector that is searched.
PATCHES = "patches.onnx"
#: Which pictures the model was trained on, written by a training; decides no vector and is no part of the fingerprint either.
TRAINED_ON = "trained_on.bin"
#: Appended to a graph's name: the file of its weights, where they are too large for the graph's own (above 2 GB).
WEIGHTS = "_data"
#: Device, inode, size, and the times of the last change of the content and of anything, in nanoseconds.
Identity: TypeAlias = tuple[int, int, int, int, int]


def identity(path: Path) -> Identity | None:
    """What changes when a file is replaced or written to; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def weights_file(graph: Path) -> Path:
    """Where the weights of ``graph`` are, if not in it."""
    return graph.with_name(graph.name + WEIGHTS)


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def read_passport(folder: Path) -> dict[str, Any]:
    hint = "make one with: clipseek export-onnx CHECKPOINT OUT"
    try:
        passport = json.loads((folder / PASSPORT).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if not folder.is_dir():
            raise BundleError(f"no bundle folder at {folder}; {hint}") from None
        what = "a checkpoint, not a bundle" if (folder / "config.json").is_file() else "no bundle"
        raise BundleError(f"{folder} is {what} (it has no {PASSPORT}); {hint}") from None
    except (OSError, ValueError) as problem:
        raise BundleError(f"{folder / PASSPORT} cannot be read ({problem}); export the bundle again") from None
    if not isinstance(passport, dict):
        raise BundleError(f"{folder / PASSPORT} holds no JSON object; export the bundle again")
    return passport


def check_references(file: Path, listed: Collection[str]) -> None:
    """Raise BundleError where the graph in ``file`` (any other file has no say) takes weights from another file than its own one,
    or from one that is not ``listed``: nothing would vouch for them.
    """
    if file.suffix != ".onnx":
        return
    for name in sorted(external_files(file)):
        if name not in listed or name != weights_file(file).name:
            raise BundleError(
                f"{file} reads {name!r}, which {PASSPORT} does not list: nothing vouches for it; export the bundle again"
            )


def unlisted(folder: Path, passport: dict[str, Any]) -> tuple[str, ...]:
    listed = {PASSPORT, *FILES, *passport["files"], *passport.get("extras", {})}
    return tuple(sorted(name for name in os.listdir(folder) if name not in listed))


def check_names(folder: Path, listed: list[str]) -> None:
    """Only files of a bundle may be listed (the passport may be a stranger's), and each file of weights must be."""
    graphs = [name for name in (*FILES, PATCHES) if name.endswith(".onnx")]
    beside = [weights_file(Path(name)).name for name in graphs]
    for name in listed:
        if name not in (*FILES, PATCHES, TRAINED_ON, *beside):
            raise BundleError(f"{folder / PASSPORT} lists {name!r}, which is no file of a bundle; export it again")
    for name in beside:
        if name not in listed and (folder / name).exists():
            raise BundleError(f"{folder / name} is not listed in {PASSPORT}: nothing vouches for it; export it again")


def check_file(path: Path, expected_hash: str | None, expected_size: int | None) -> None:
    if not path.is_file():
        raise BundleError(f"{path.parent} lacks {path.name}; export the bundle again")
    size = path.stat().st_size
    if expected_size is not None and size != expected_size:
        raise BundleError(f"{path} has {size} bytes, expected {expected_size}; copy or export the bundle again")
    if expected_hash is not None and sha256(path) != expected_hash:
        raise altered(path)


def altered(path: Path) -> BundleError:
    return BundleError(
        f"{path} is not the file that was exported (its SHA-256 differs); copy or export the bundle again"
    )
