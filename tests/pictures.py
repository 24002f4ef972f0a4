"""A folder as people have them: pictures of every format, and everything that only looks like one."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

_READABLE = (
    ("jpg", "RGB"),
    ("png", "RGB"),
    ("webp", "RGB"),
    ("gif", "P"),
    ("tiff", "RGB"),
    ("jpeg", "CMYK"),
    ("png", "I;16"),
    ("JPG", "turned"),
    ("png", "RGBA"),
    ("bmp", "L"),
    ("gif", "moving"),
    ("tif", "1"),
)
_BROKEN = ("cut.png", "cut.jpg", "empty.png", "text.jpg", "huge.png", "notes.txt", "pipe.png", "lost.png", "copy.png")
_ODD = (
    "größe 名前",
    "with space",
    "quote'\"",
    "brackets[0]{x}",
    "100%25",
    "a#b?c=d&e",
    "new\nline",
    "-rf",
    "émoji 🦊",
    "...",
)


@dataclass
class Mixed:
    """``readable`` names become documents; ``skipped`` maps every other name to a part of its reason."""

    folder: Path
    readable: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def huge_png(side: int) -> bytes:
    """A black picture of ``side`` x ``side`` pixels, one bit each: small on disk, enormous in memory."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(1)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def picture(seed: int, mode: str, size: tuple[int, int] = (48, 36)) -> Image.Image:
    """A picture that no other seed gives: three blocks of random colours."""
    colours = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    image = Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
        return image
    if mode in ("turned", "moving"):
        return image
    return image.convert(mode)


def encoded(seed: int, suffix: str, mode: str) -> bytes:
    """The file of ``picture(seed, mode)``."""
    image, out = picture(seed, mode), io.BytesIO()
    kind = {"jpg": "JPEG", "jpeg": "JPEG", "tif": "TIFF"}.get(suffix.lower(), suffix.upper())
    if mode == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(out, kind, exif=exif, quality=95)
    elif mode == "moving":
        image.save(out, kind, save_all=True, append_images=[picture(seed + 10**6, "RGB")], duration=50)
    elif kind == "JPEG":
        image.save(out, kind, quality=95)
    elif kind == "WEBP":
        image.save(out, kind, lossless=True)
    else:
        image.save(out, kind)
    return out.getvalue()


def mixed_folder(folder: Path, files: int, huge_side: int = 20_000) -> Mixed:
    """Fill ``folder`` with ``files`` files (at least 40), about a sixth of them unusable, in three folders."""
    made = Mixed(folder)
    subfolders = ("", "sub", "sub/ünter folder")
    broken = max(len(_BROKEN), files // 6)
    for number in range(files):
        sub = folder / subfolders[number % 3]
        sub.mkdir(parents=True, exist_ok=True)
        if number < broken:
            _put_broken(made, sub, number, huge_side)
            continue
        suffix, mode = _READABLE[number % len(_READABLE)]
        odd = _ODD[number // len(_READABLE) % len(_ODD)]
        path = sub / f"{odd}{number}.{suffix}"
        if number == files - 1:
            path = Path(os.fsdecode(os.fsencode(sub) + b"/caf\xe9." + suffix.encode()))
        path.write_bytes(encoded(number, suffix, mode))
        if number % 5 == 0:
            path.with_suffix(".txt").write_text(f"caption number {number}", "utf-8")
        made.readable.append(str(path.relative_to(folder)))
    return made


def _put_broken(made: Mixed, folder: Path, number: int, huge_side: int) -> None:
    kind = _BROKEN[number % len(_BROKEN)]
    if kind == "huge.png" and number >= len(_BROKEN):
        kind = "text.jpg"  # one is enough: it takes a second to write
    path = folder / f"{number:03}-{kind}"
    if kind.startswith("cut"):
        whole = encoded(number, path.suffix[1:], "RGB")
        path.write_bytes(whole[: len(whole) // 2])
        reason = "truncated"
    elif kind == "empty.png":
        path.write_bytes(b"")
        reason = "empty file"
    elif kind == "text.jpg":
        path.write_text(f"no picture {number}", "utf-8")
        reason = "not an image"
    elif kind == "huge.png":
        path.write_bytes(huge_png(huge_side))
        reason = "400 megapixels, the limit is 178"
    elif kind == "notes.txt":
        path.write_text("notes", "utf-8")
        reason = "no picture of this name beside it"
    elif kind == "pipe.png":
        os.mkfifo(path)
        reason = "a named pipe, not a file"
    elif kind == "lost.png":
        path.symlink_to("nowhere")
        reason = "a link to nothing"
    else:
        original = folder / f"{number:03}-and-original.png"
        original.write_bytes(encoded(number, "png", "RGB"))
        made.readable.append(str(original.relative_to(made.folder)))
        shutil.copy(original, path)
        reason = "duplicate of "  # joined to the document of its bytes
    made.skipped[str(path.relative_to(made.folder))] = reason
