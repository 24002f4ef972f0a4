"""The members of a tar that are one sample: those of one key, wherever in the tar they stand."""

from __future__ import annotations

import posixpath
import tarfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ..record import Skipped
from ..system_files import maker_of_path

_LINKS_FOLLOWED = 16


@dataclass
class Sample:
    """Extension, in lower case -> the regular member that has the bytes; ``names``: the member's own name, a link's too."""

    key: str
    members: dict[str, tarfile.TarInfo] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def samples_of(members: Iterable[tarfile.TarInfo], shard: Path) -> tuple[list[Sample], list[Skipped]]:
    """The samples in the order of their first members, and each member that belongs to none.

    A key that comes again, with extensions that its sample has already, is another sample. Hard and symbolic links stand for
    the members that they lead to.
    """
    samples: list[Sample] = []
    of_key: dict[str, list[Sample]] = defaultdict(list)
    skipped: list[Skipped] = []
    listed = list(members)
    by_name = {_plain(member.name): member for member in listed}
    for member in listed:
        if member.isdir():
            continue
        name = _plain(member.name)
        found = _target(member, by_name)
        if who := maker_of_path(name):
            skipped.append(Skipped(shard / name, "made by a system", f"made by {who}, no picture of yours; left out"))
        elif isinstance(found, str):
            skipped.append(Skipped(shard / name, "not a file", found))
        else:
            key, extension = parts(name)
            alike = of_key[unicodedata.normalize("NFC", key)]
            sample = next((one for one in alike if extension not in one.members), None)
            if sample is None:
                sample = Sample(key)
                samples.append(sample)
                alike.append(sample)
            sample.members[extension], sample.names[extension] = found, name
    return samples, skipped


def parts(name: str) -> tuple[str, str]:
    """``a/b.c.jpg`` -> ``a/b`` and ``c.jpg``: the key ends at the first dot of the file's own name."""
    folder, slash, file = name.rpartition("/")
    stem, _, extension = file.partition(".")
    return f"{folder}{slash}{stem}", extension.lower()


def is_scattered(member: tarfile.TarInfo) -> bool:
    """True for a sparse file with holes, whose bytes do not stand in the tar one after the other."""
    filled = [(start, size) for start, size in cast("list[tuple[int, int]]", member.sparse or []) if size]
    return member.issparse() and filled != [(0, member.size)]


def _plain(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")


def _target(member: tarfile.TarInfo, by_name: dict[str, tarfile.TarInfo]) -> tarfile.TarInfo | str:
    """The regular member that ``member`` is or leads to, or why there is none."""
    for _ in range(_LINKS_FOLLOWED):
        if member.isreg():
            return member
        if member.issym():
            to = _plain(posixpath.join(posixpath.dirname(member.name), member.linkname))
        elif member.islnk():
            to = _plain(member.linkname)
        else:
            return "no regular file"
        if to not in by_name:
            return f"a link to {member.linkname}, which is not in the tar"
        member = by_name[to]
    return "a link that leads round in a circle"
