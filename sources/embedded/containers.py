"""Where in a file of each format its metadata stand. Read by seeking: of the picture itself nothing is read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from .iso_boxes import read_iso

EXIF, XMP, PHOTOSHOP, TEXT = "exif", "xmp", "photoshop", "text"
_LARGEST = 16 << 20
#: PNG's keywords whose texts are of the picture. https://www.w3.org/TR/png-3/#11keywords
_PNG_TEXTS = ("description", "caption", "title", "comment", "subject", "imagedescription", "usercomment")
_XMP_APP1 = b"http://ns.adobe.com/xap/1.0/\0"


def blocks(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Kind and bytes of every block of metadata of the JPEG, PNG, WebP, HEIF, AVIF or JPEG XL in ``stream``; of another file
    none. What is broken ends the walk."""
    head = stream.read(12)
    walk = next((walk for is_it, walk in _WALKS if is_it(head)), None)
    if walk is not None:
        try:
            yield from walk(stream)
        except (struct.error, IndexError, OverflowError):
            return


def _jpeg(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    stream.seek(2)
    photoshop = b""
    while len(head := stream.read(4)) == 4 and head[0] == 0xFF:
        marker, size = head[1], int.from_bytes(head[2:], "big") - 2
        if marker == 0xFF:  # a filling byte
            stream.seek(-3, 1)
            continue
        if marker in (0xDA, 0xD9) or size < 0:
            break
        if marker not in (0xE1, 0xED):
            stream.seek(size, 1)
            continue
        data = stream.read(size)
        if data.startswith(b"Photoshop 3.0\0"):
            photoshop += data[14:]
        else:
            yield from _app1(data)
    if photoshop:
        yield PHOTOSHOP, photoshop


def _app1(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What a JPEG's segment APP1 holds, by its first bytes."""
    if data.startswith(b"Exif\0"):
        yield EXIF, data[6:]
    elif data.startswith(_XMP_APP1):
        yield XMP, data[len(_XMP_APP1) :]


def _png(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Chunks may stand behind the picture, too."""
    stream.seek(8)
    while len(head := stream.read(8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return
        if kind not in (b"eXIf", b"tEXt", b"zTXt", b"iTXt") or size > _LARGEST:
            stream.seek(size + 4, 1)
            continue
        data = stream.read(size)
        stream.seek(4, 1)
        if kind == b"eXIf":
            yield EXIF, data
        else:
            yield from _png_text(kind, *data.partition(b"\0")[::2])


def _png_text(kind: bytes, keyword: bytes, rest: bytes) -> Iterator[tuple[str, bytes]]:
    name = keyword.decode("latin-1").casefold()
    if kind == b"zTXt":
        rest = _inflated(rest[1:])
    elif kind == b"iTXt" and len(rest) > 2:
        packed, texts = rest[0], rest[2:].split(b"\0", 2)
        rest = _inflated(texts[-1]) if packed else texts[-1]
    if name == "xml:com.adobe.xmp":
        yield XMP, rest
    elif name in ("raw profile type exif", "raw profile type app1", "raw profile type iptc", "raw profile type 8bim"):
        yield from _raw_profile(rest)
    elif name.replace(" ", "") in _PNG_TEXTS:
        yield TEXT, rest


def _raw_profile(data: bytes) -> Iterator[tuple[str, bytes]]:
    """ImageMagick's: a name, a length and hexadecimal digits on lines."""
    parts = data.split()
    try:
        content = bytes.fromhex(b"".join(parts[2:]).decode("ascii"))
    except ValueError:
        return
    if content.startswith(b"8BIM"):
        yield PHOTOSHOP, content
    else:
        yield from _app1(content)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _LARGEST)
    except zlib.error:
        return b""


def _webp(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    while len(head := stream.read(8)) == 8:
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind in (b"EXIF", b"XMP ") and size <= _LARGEST:
            data = stream.read(size)
            yield (XMP, data) if kind == b"XMP " else (EXIF, data.removeprefix(b"Exif\0\0"))
            stream.seek(size % 2, 1)
        else:
            stream.seek(size + size % 2, 1)


_WALKS: tuple[tuple[Callable[[bytes], bool], Callable[[IO[bytes]], Iterator[tuple[str, bytes]]]], ...] = (
    (lambda head: head[:2] == b"\xff\xd8", _jpeg),
    (lambda head: head[:8] == b"\x89PNG\r\n\x1a\n", _png),
    (lambda head: head[:4] == b"RIFF" and head[8:] == b"WEBP", _webp),
    (lambda head: head[4:8] in (b"ftyp", b"JXL "), read_iso),
)
