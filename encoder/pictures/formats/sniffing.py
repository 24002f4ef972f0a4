"""A file's format by what it holds, whatever its name says. Pure: reads tags and headers, decodes nothing."""

from __future__ import annotations

import re
import zlib

from .registry import BY_NAME, Format
from .tiff_header import is_raw

#: A format's name by the bytes that its files begin with; longer ones first.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "PSD"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"icns", "ICNS"),
    (b"\x01\xda", "SGI"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\xb1\x68\xde\x3a", "DCX"),
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"IIRO", "RAW"),
    (b"IIRS", "RAW"),
    (b"MMOR", "RAW"),
    (b"IIU\0", "RAW"),
    (b"FOVb", "RAW"),
    (b"\0MRM", "RAW"),
    (b"II\x1a\0\0\0HEAPCCDR", "RAW"),
)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"j2ki", b"jpeg"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    b"crx ": "RAW",
}
_BMP_DEPTHS = tuple(depth.to_bytes(2, "little") for depth in (1, 4, 8, 16, 24, 32))
_NUMBERS = re.compile(rb"P[1-7Ff]\s")
_MARKUP = re.compile(rb"\s*(?:<\?xml|<!--|<!DOCTYPE\s+svg|<svg[\s>])", re.IGNORECASE)
_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]")
_LOOKED_AT = 8192  # bytes of markup in which <svg must stand


def format_of(data: bytes) -> Format | None:
    """The format of a file's bytes, all of them; None for what is none of ``FORMATS``."""
    name = _name(data)
    return BY_NAME[name] if name is not None else None


def _name(data: bytes) -> str | None:
    head = data[:32]
    if data[128:132] == b"DICM":
        return "DICOM"  # its preamble may be that of a TIFF
    if head[:4] in _TIFF:
        return "RAW" if is_raw(data) else "TIFF"
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _brand(data)
    if head[:4] == b"\0\0\2\0" and head[4:6] != b"\0\0":  # with no entries it is a TGA
        return "CUR"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124):
        return "BMP"
    if int.from_bytes(head[:4], "little") in (40, 108, 124) and head[12:14] == b"\1\0" and head[14:16] in _BMP_DEPTHS:
        return "BMP"  # a DIB, without BMP's file header
    if _NUMBERS.match(head):
        return "PPM"
    if b"%PDF-" in data[:1024]:
        return "PDF"
    return _medical(data) or _markup(data) or _without_mark(data)


def _brand(data: bytes) -> str | None:
    """By the major brand of an ISO base media file, then by those it is compatible with."""
    size = min(int.from_bytes(data[:4], "big"), 4096)
    brands = [data[8:12], *(data[place : place + 4] for place in range(16, size - 3, 4))]
    found = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    if found:
        return found[0]
    return "HEIF" if {b"mif1", b"msf1", b"mif2"} & {*brands} else None


def _medical(data: bytes) -> str | None:
    opened = _unzipped(data, 544) if data[:2] == b"\x1f\x8b" else data[:544]
    sizes = {int.from_bytes(opened[:4], "little"), int.from_bytes(opened[:4], "big")}
    if (348 in sizes and opened[344:348] in (b"n+1\0", b"ni1\0")) or (540 in sizes and opened[4:7] in (b"n+2", b"ni2")):
        return "NIfTI"
    # DICOM as it was before files had a preamble: the first element is of group 2 or 8, with a short length.
    if data[:2] in (b"\x02\0", b"\x08\0") and len(data) > 256 and int.from_bytes(data[2:4], "little") < 0x100:
        explicit = re.fullmatch(rb"[A-Z]{2}", data[4:6]) is not None
        if explicit or int.from_bytes(data[4:8], "little") < 256:
            return "DICOM"
    return None


def _markup(data: bytes) -> str | None:
    head = _unzipped(data, _LOOKED_AT) if data[:2] == b"\x1f\x8b" else data[:_LOOKED_AT]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", "ignore").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    return "SVG" if _MARKUP.match(head) and _SVG.search(head) else None


def _without_mark(data: bytes) -> str | None:
    """PCX and TGA have next to no mark: every field of the header must be one that their writers use."""
    if (
        len(data) > 128
        and data[0] == 10
        and data[1] in (0, 2, 3, 4, 5)
        and data[2] in (0, 1)
        and data[3] in (1, 2, 4, 8)
    ):
        left, top, right, bottom = (int.from_bytes(data[place : place + 2], "little") for place in (4, 6, 8, 10))
        return "PCX" if right >= left and bottom >= top else None
    return "TGA" if _is_tga(data) else None


def _is_tga(data: bytes) -> bool:
    if data[-18:] == b"TRUEVISION-XFILE.\0":
        return True
    if len(data) < 18 or data[1] > 1 or data[2] not in (1, 2, 3, 9, 10, 11):
        return False
    table, entries, entry_bits = data[1], int.from_bytes(data[5:7], "little"), data[7]
    width, height, depth, described = (
        int.from_bytes(data[12:14], "little"),
        int.from_bytes(data[14:16], "little"),
        data[16],
        data[17],
    )
    if (data[2] & 7 == 1) != (table == 1) or not width or not height or described & 0xC0 or described & 15 > 8:
        return False
    if (table and (not entries or entry_bits not in (15, 16, 24, 32))) or (not table and data[3:8] != bytes(5)):
        return False
    depths = {1: (8, 16), 2: (15, 16, 24, 32), 3: (8, 16)}[data[2] & 7]
    before = 18 + data[0] + (entries * ((entry_bits + 7) // 8) if table else 0)
    needed = width * height * ((depth + 7) // 8) if data[2] < 8 else width * height // 128 * 2
    return depth in depths and len(data) >= before + needed


def _unzipped(data: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(data[: size * 4 + 1024], size)
    except zlib.error:
        return b""
