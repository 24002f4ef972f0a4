"""WebDataset: tar shards in which files of one name are one sample, ``0001.jpg`` with ``0001.txt`` or ``0001.json``.

One shard, a folder of them, or a pattern: ``pairs-{0000..0127}.tar``. Pictures are read out of the tar where they lie,
so shards must not be compressed: in a compressed one nothing can be found without reading all that stands before it.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from .captions import caption_lines, decoded
from .errors import MalformedSource, SourceNotFound
from .fields import Columns, from_object, parse_object
from .folder import IMAGE_SUFFIXES
from .record import Record, Skipped, shown
from .sidecar import captions_in
from .tar_member import tar_picture

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CAPTIONS = ("txt", "caption", "text")
# Not part of a pair, but often beside one: class numbers, arrays.
_LARGEST_TEXT = 1 << 20


def shards_of(source: Path) -> list[Path]:
    """The tar files that ``source`` names, in their order: itself, those of a folder, or those of its range.

    Raises SourceNotFound where a shard of the range is not there.
    """
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.suffix.lower() == ".tar" and path.is_file())
    span = _RANGE.search(source.name)
    if span is None:
        return [source]
    first, last = span[1], span[2]
    names = [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    shards = [source.with_name(source.name.replace(span[0], name)) for name in names]
    if not shards:
        raise SourceNotFound(f"{shown(source)}: {first} to {last} is no shard at all; write the lower number first")
    for shard in shards:
        if not shard.is_file():
            raise SourceNotFound(f"{shown(shard)} is not there; {shown(source)} names {len(shards)} shards")
    return shards


def is_webdataset(source: Path) -> bool:
    """True for a tar, a range of them, and a folder with tars and without pictures of its own."""
    if source.is_dir():
        suffixes = {path.suffix.lower() for path in source.iterdir()}
        return ".tar" in suffixes and not suffixes & IMAGE_SUFFIXES
    return source.suffix.lower() == ".tar"


def read_webdataset(source: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """A record for every sample with a picture, shard by shard; samples without one are Skipped.

    The keys of the JSON part become metadata, and so does the sample's ``key``. Raises SourceNotFound or MalformedSource.
    """
    for shard in shards_of(source):
        yield from _read_shard(shard, columns)


def _read_shard(shard: Path, columns: Columns) -> Iterator[Record | Skipped]:
    try:
        with tarfile.open(shard, "r:") as archive:
            key, members = "", dict[str, tarfile.TarInfo]()
            for member in archive:
                if not member.isreg():
                    continue
                own, extension = _parts(member.name)
                if own != key and members:
                    yield _sample(archive, shard, key, members, columns)
                    members = {}
                key = own
                members.setdefault(extension, member)
            if members:
                yield _sample(archive, shard, key, members, columns)
            _check_end(archive, shard)
    except tarfile.ReadError as problem:
        raise MalformedSource(
            f"{shown(shard)} is no plain tar ({problem}); shards are read in place, so uncompress it first"
        ) from None
    except OSError as problem:
        raise SourceNotFound(f"{shown(shard)} cannot be read: {problem.strerror}") from None


def _check_end(archive: tarfile.TarFile, shard: Path) -> None:
    """A tar ends in empty blocks; tarfile takes one that was cut off between two members, or in a header, for whole."""
    with shard.open("rb") as stream:
        stream.seek(archive.offset)
        block = stream.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE or any(block):
        raise MalformedSource(f"{shown(shard)} ends after {archive.offset:,} bytes, without a tar's end; copy it again")


def _parts(name: str) -> tuple[str, str]:
    """``a/b.c.jpg`` -> ``a/b`` and ``c.jpg``: the key ends at the first dot of the file's own name."""
    folder, slash, file = name.rpartition("/")
    stem, _, extension = file.partition(".")
    return f"{folder}{slash}{stem}", extension.lower()


def _sample(
    archive: tarfile.TarFile, shard: Path, key: str, members: dict[str, tarfile.TarInfo], columns: Columns
) -> Record | Skipped:
    pictures = [name for name in members if f".{name.rpartition('.')[2]}" in IMAGE_SUFFIXES]
    if not pictures:
        return Skipped(shard / key.lstrip("/"), "no picture", f"a sample without a picture ({', '.join(members)})")
    member = members[pictures[0]]
    image = tar_picture(shard, member.name, member.offset_data, member.size)
    record = Record(id=None, image=image)
    if "json" in members:
        place = f"{shown(shard)} {members['json'].name}"
        fields = parse_object(_text(archive, members["json"], place), place)
        record = from_object(fields, captions_in(fields, columns) or columns, place, image=image)
    lines = [
        line
        for name in _CAPTIONS
        if name in members
        for line in caption_lines(_text(archive, members[name], f"{shown(shard)} {members[name].name}"))
    ]
    captions = dict.fromkeys([*lines, *record.captions])
    return replace(record, captions=tuple(captions), metadata={**record.metadata, "key": key})


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo, place: str) -> str:
    if member.size > _LARGEST_TEXT:
        raise MalformedSource(f"{place} has {member.size:,} bytes; a caption has at most {_LARGEST_TEXT:,}")
    stream = archive.extractfile(member)
    return decoded(stream.read(), place) if stream is not None else ""
