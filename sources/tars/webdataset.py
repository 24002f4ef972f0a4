"""WebDataset: tar shards in which files of one name are one sample, ``0001.jpg`` with ``0001.txt`` or ``0001.json``,
side by side or apart.

One shard, a folder of them, or a pattern: ``pairs-{0000..0127}.tar``. Pictures are read out of the tar where they lie. In a
compressed one nothing can be found without reading all that stands before it: it is unpacked into the cache once.
"""

from __future__ import annotations

import contextlib
import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from clipseek.encoder.pictures.suffixes import IMAGE_SUFFIXES
from clipseek.files.unpacked import NotUnpacked, unpacked

from ..captions import decoded
from ..errors import MalformedSource, SourceNotFound
from ..fields import Columns, captions_in, from_object, not_understood, parse_object
from ..record import Record, Skipped, shown
from ..system_files import maker_of
from .tar_member import tar_picture
from .tar_samples import Sample, is_scattered, samples_of

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_COMPRESSED = (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar.lz4", ".tgz", ".tbz2", ".txz", ".tzst", ".tar.zstd")
_CAPTIONS = ("txt", "caption", "text")
# Not part of a pair, but often beside one: class numbers, arrays.
_LARGEST_TEXT = 1 << 20


def shards_of(source: Path) -> list[Path]:
    """The tar files that ``source`` names, in their order: itself, those of a folder, or those of its range.

    Raises SourceNotFound where a shard of the range is not there.
    """
    if source.is_dir():
        return sorted(path for path in source.iterdir() if is_tar_name(path) and path.is_file())
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
        paths = [path for path in source.iterdir() if not maker_of(path.name, is_folder=False)]
        suffixes = {path.suffix.lower() for path in paths}
        if suffixes & IMAGE_SUFFIXES:
            return False
        # A compressed archive beside the folder that was unpacked from it is no shard.
        return ".tar" in suffixes or (any(map(is_tar_name, paths)) and not any(path.is_dir() for path in paths))
    return is_tar_name(source)


def is_tar_name(path: Path) -> bool:
    """True for a tar by its name, a compressed one too."""
    return path.name.lower().endswith((".tar", *_COMPRESSED)) and not maker_of(path.name, is_folder=False)


def read_webdataset(source: Path, columns: Columns) -> Iterator[Record | Skipped]:
    """A record for every sample with a picture, shard by shard; what is in none is Skipped.

    The keys of the JSON part become metadata, and so does the sample's ``key``. Raises SourceNotFound or MalformedSource.
    """
    shards = shards_of(source)
    if source.is_dir():
        for path in sorted(set(source.iterdir()) - set(shards)):
            yield Skipped(path, "not a shard", "beside the shards, and no tar")
    for shard in shards:
        yield from _read_shard(shard, columns)


def _read_shard(shard: Path, columns: Columns) -> Iterator[Record | Skipped]:
    try:
        plain = unpacked(shard)
    except NotUnpacked as found:
        problem = MalformedSource(f"{shown(shard)} {found}")
        yield Skipped(shard, "shard not unpacked", str(problem), problem)
        return
    except OSError as found:
        raise SourceNotFound(f"{shown(shard)} cannot be read: {found.strerror}") from None
    try:
        with tarfile.open(plain, "r:") as archive:
            members, cut = _members(archive, plain)
            samples, skipped = samples_of(members, shard)
            yield from skipped
            for sample in samples:
                try:
                    yield from _entries(archive, shard, sample, columns)
                except MalformedSource as problem:
                    yield Skipped(shard / sample.key, "unreadable caption", str(problem), problem)
            if cut is not None:
                raise cut
            _check_end(archive, plain, shard)
    except tarfile.ReadError as problem:
        raise MalformedSource(
            f"{shown(shard)} is no tar, or one that is cut short ({problem}); copy it again"
        ) from None
    except OSError as problem:
        raise SourceNotFound(f"{shown(shard)} cannot be read: {problem.strerror}") from None


def _members(archive: tarfile.TarFile, plain: Path) -> tuple[list[tarfile.TarInfo], tarfile.ReadError | None]:
    """The members that are whole, and the error where the tar is cut off or broken."""
    length = plain.stat().st_size
    members: list[tarfile.TarInfo] = []
    try:
        for member in archive:
            if member.isreg() and not member.issparse() and member.offset_data + member.size > length:
                return members, tarfile.ReadError("unexpected end of data")
            members.append(member)
    except tarfile.ReadError as problem:
        return members, problem
    return members, None


def _check_end(archive: tarfile.TarFile, plain: Path, shard: Path) -> None:
    """A tar ends in empty blocks; tarfile takes one that was cut off between two members, or in a header, for whole."""
    with plain.open("rb") as stream:
        stream.seek(archive.offset)
        block = stream.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE or any(block):
        raise MalformedSource(f"{shown(shard)} ends after {archive.offset:,} bytes, without a tar's end; copy it again")


def _entries(archive: tarfile.TarFile, shard: Path, sample: Sample, columns: Columns) -> Iterator[Record | Skipped]:
    # 1.jpg is the picture where 1.mask.png stands beside it, whatever comes first.
    pictures = sorted((name for name in sample.members if _is_picture(name)), key=lambda name: name.count("."))
    if not pictures:
        endings = ", ".join(sample.members)
        lost = _lines_of(archive, shard, sample, columns)
        yield Skipped(shard / sample.key, "no picture", f"a sample without a picture ({endings})", captions=lost)
        return
    first = sample.members[pictures[0]]
    for other in pictures[1:]:
        reason = f"a sample is one picture, and {pictures[0]} comes before {other}"
        yield Skipped(shard / sample.names[other], "second picture of a sample", reason)
    if is_scattered(first):
        reason = "a sparse file, whose bytes stand apart; pack it again without --sparse"
        yield Skipped(shard / sample.names[pictures[0]], "sparse file", reason)
        return
    image = tar_picture(shard, sample.names[pictures[0]], first.offset_data, first.size)
    record = Record(id=None, image=image)
    texts: list[str] = []
    silent: list[Skipped] = []
    for name, member in sample.members.items():
        kind, place = name.rpartition(".")[2], f"{shown(shard)} {sample.names[name]}"
        if kind in _CAPTIONS:
            texts += columns.captions_of(_text(archive, member, place))
        elif kind == "json":
            fields = parse_object(_text(archive, member, place), place)
            keyed = captions_in(fields, columns)
            if keyed is None:
                silent.append(not_understood(shard / sample.names[name], fields, columns))
            own = from_object(fields, keyed or columns, place, image=image)
            record = replace(
                own,
                captions=record.captions + own.captions,
                id=record.id or own.id,
                group=record.group or own.group,
                metadata={**own.metadata, **record.metadata},
            )
    captions = dict.fromkeys([*texts, *record.captions])
    yield replace(record, captions=tuple(captions), metadata={**record.metadata, "key": sample.key})
    yield from () if captions else silent


def _lines_of(archive: tarfile.TarFile, shard: Path, sample: Sample, columns: Columns) -> int:
    """How many captions the texts of a sample have; those that cannot be read count as none."""
    number = 0
    for name, member in sample.members.items():
        if name.rpartition(".")[2] in _CAPTIONS:
            with contextlib.suppress(MalformedSource):
                number += len(columns.captions_of(_text(archive, member, shown(shard))))
    return number


def _is_picture(extension: str) -> bool:
    return f".{extension.rpartition('.')[2]}" in IMAGE_SUFFIXES


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo, place: str) -> str:
    if member.size > _LARGEST_TEXT:
        raise MalformedSource(f"{place} has {member.size:,} bytes; a caption has at most {_LARGEST_TEXT:,}")
    stream = archive.extractfile(member)
    return decoded(stream.read(), place) if stream is not None else ""
