"""Pictures with metadata in them, written as cameras and programs write them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def xmp(elements: str = "", attributes: str = "") -> bytes:
    """A packet with these properties."""
    return XMP.format(elements=elements, attributes=attributes).encode()


def described(text: str) -> str:
    """dc:description."""
    return f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></dc:description>'


def iptc(*datasets: tuple[int, bytes], utf8: bool = False) -> bytes:
    """Datasets of record 2."""
    mark = b"\x1c\x01\x5a\x00\x03\x1b%G" if utf8 else b""
    return mark + b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text for number, text in datasets)


def photoshop(data: bytes) -> bytes:
    """IPTC as an image resource, behind another one with a name."""
    other = b"8BIM\x03\xed\x03abc" + struct.pack(">I", 3) + b"xyz\0"
    return other + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)


def picture(path: Path, **saving: Any) -> Path:
    """A small picture at ``path``, saved by Pillow with ``saving``."""
    Image.new("RGB", (32, 24), "red").save(path, **saving)
    return path


def with_segment(path: Path, marker: int, content: bytes) -> Path:
    """The JPEG at ``path`` with one more segment."""
    data = path.read_bytes()
    path.write_bytes(data[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + data[2:])
    return path


def exif(**values: Any) -> Image.Exif:
    """EXIF of tags by their numbers, ``t270="text"``; ``own`` and ``gps`` are the inner directories."""
    made = Image.Exif()
    for inner, tag in (("own", 0x8769), ("gps", 0x8825)):
        if inner in values:
            made.get_ifd(tag).update(values.pop(inner))
    for name, value in values.items():
        made[int(name[1:])] = value
    return made


def png_with(path: Path, *texts: tuple[str, str], behind: tuple[tuple[bytes, bytes], ...] = ()) -> Path:
    """A PNG with texts before the picture, and chunks behind it."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts:
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    data = buffer.getvalue()
    more = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in behind
    )
    end = data.rindex(b"IEND") - 4
    path.write_bytes(data[:end] + more + data[end:])
    return path
