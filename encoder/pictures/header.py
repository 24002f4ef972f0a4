"""What a picture's first bytes say: format, mode, width and height, within the limits; nothing is decoded."""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from clipseek.files.text import reason_of
from PIL import Image, UnidentifiedImageError

from .errors import ImageError
from .formats.sniffing import format_of

MAX_MEGAPIXELS = 178.0  # where Pillow calls it an attack; a 20,000 x 20,000 picture is 400
# Not all that Pillow opens: EPS and WMF run other programs.
_FORMATS = (
    "JPEG",
    "MPO",
    "PNG",
    "WEBP",
    "GIF",
    "TIFF",
    "BMP",
    "DIB",
    "AVIF",
    "JPEG2000",
    "ICO",
    "PPM",
    "PSD",
    "QOI",
    "PCX",
    "DCX",
    "DDS",
    "SGI",
    "ICNS",
    "CUR",
)
_SNIFFED = 1 << 16  # bytes by which a format is known
# Pillow takes nearly any bytes for one.
_TGA = "TGA"


@dataclass(frozen=True)
class Header:
    """``format`` and ``mode`` as Pillow names them; ``width`` and ``height`` in pixels, before any turn that EXIF asks for.

    ``deep``: more than 8 bits, of which browsers show the highest, whichever are in use.
    """

    format: str
    mode: str
    width: int
    height: int
    deep: bool = False


def read_header(stream: IO[bytes], max_megapixels: float = MAX_MEGAPIXELS) -> Header:
    """The header of the picture in ``stream``, of which no more is read than that takes. Raises ImageError as ``opened``.

    Of a format that Pillow does not read only its name is known: 0 x 0, and deep, for browsers do not show it.
    """
    start = stream.tell()
    known = format_of(stream.read(_SNIFFED))
    stream.seek(start)
    if known is not None and known.reader is not None:
        return Header(known.name, "", 0, 0, deep=True)
    with opened(stream, max_megapixels) as picture:
        return Header(picture.format or "", picture.mode, picture.width, picture.height, is_deep(picture))


def is_deep(picture: Image.Image) -> bool:
    """Whether an opened picture has more than 8 bits, in its file if not in Pillow's mode."""
    tiles: list[Any] = getattr(picture, "tile", [])
    return picture.mode.startswith(("I", "F")) or any(";16" in str(tile.args) for tile in tiles)


@contextlib.contextmanager
def opened(stream: IO[bytes], max_megapixels: float, formats: Sequence[str] | None = None) -> Iterator[Image.Image]:
    """The picture in ``stream``, opened but not decoded; to be decoded in the block, whose failures become reasons. ``formats``: as
    Pillow names them; None: all that are read.

    Raises ImageError with the reason: not an image, too large (found before decoding), truncated.
    """
    try:
        with _quiet, _open(stream, max_megapixels, formats) as picture:
            check_size(picture, max_megapixels)
            yield picture
    except ImageError:
        raise
    except Image.DecompressionBombError as problem:
        count = re.search(r"\d+", str(problem))
        raise _too_many_pixels("the picture", int(count[0]) if count else 0, max_megapixels) from None
    except UnidentifiedImageError:
        raise ImageError(f"not an image, or of a format other than {', '.join(_known_formats())}") from None
    except MemoryError:
        raise ImageError("too large to decode in the memory there is (--max-megapixels)") from None
    except (
        Exception
    ) as problem:  # Pillow's plugins raise what they like on broken files: OSError, SyntaxError, struct.error
        reason = reason_of(problem)
        raise ImageError(reason if "truncated" in reason else f"cannot be decoded: {reason}") from None


def _open(stream: IO[bytes], max_megapixels: float, formats: Sequence[str] | None) -> Image.Image:
    if max_megapixels * 1e6 > 2 * (Image.MAX_IMAGE_PIXELS or max_megapixels * 1e6):
        # Somebody raised our limit above Pillow's, which is of the whole process and can only be moved, not passed in.
        Image.MAX_IMAGE_PIXELS = int(max_megapixels * 1e6)
    found = _known_formats()
    if formats is not None:
        return Image.open(stream, formats=list(formats))
    return Image.open(stream, formats=[*found, _TGA] if _is_tga(stream) else found)


def _known_formats() -> list[str]:
    Image.init()  # at once when it is done already; half done by another thread, it waits: formats must not be missed
    return [name for name in _FORMATS if name in Image.OPEN]  # older Pillows have no AVIF, some builds no JPEG 2000


def check_size(picture: Image.Image, max_megapixels: float) -> None:
    """Raise ImageError where the page that ``picture`` is turned to has more pixels."""
    width, height = picture.size
    if width * height > max_megapixels * 1e6:
        raise _too_many_pixels(f"{width} x {height}", width * height, max_megapixels)


def _is_tga(stream: IO[bytes]) -> bool:
    """Whether the header is one of TGA's few (Truevision, TGA 2.0), and an uncompressed one's pixels are all there."""
    start = stream.tell()
    head = stream.read(18)
    end = stream.seek(0, 2)
    stream.seek(start)
    if len(head) < 18:
        return False
    mapped, kind, depth, entries = head[1], head[2], head[16], int.from_bytes(head[5:7], "little")
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    if mapped not in (0, 1) or kind not in (1, 2, 3, 9, 10, 11) or (kind in (1, 9)) != bool(mapped) or head[17] & 0xC0:
        return False
    if depth not in {1: (8,), 2: (16, 24, 32), 3: (1, 8, 16)}[kind & 7] or not width or not height:
        return False
    taken = 18 + head[0] + entries * ((head[7] + 7) // 8) * mapped
    return end - start >= taken + (width * height * depth // 8 if kind < 8 else 2)


def _too_many_pixels(what: str, pixels: int, limit: float) -> ImageError:
    return ImageError(f"too large: {what} has {pixels / 1e6:.4g} megapixels, the limit is {limit:g} (--max-megapixels)")


class _Quiet:
    """Pillow's warnings (odd EXIF, large pictures) off while any thread is inside; a skip has its own reason.

    ``warnings.catch_warnings`` alone is not safe here: the filters are of the whole process, and two threads leaving in
    the wrong order would leave them changed for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._saved.__exit__(None, None, None)


_quiet = _Quiet()
