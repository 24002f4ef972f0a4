"""What Pillow opens with more than 8 bits, as it stands in the file: greys of 12 to 32 bits, floats, and colours of 16 bits.

Of 16-bit colours Pillow keeps the high byte. Unpacked a second time in the other byte order it gives the low one.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ..errors import ImageError
from ..pixels.curves import Curves
from ..pixels.decoded import Alpha, Decoded, Space
from ..pixels.no_data import read_no_data
from .jpeg2000 import deep_colours, precision

_NO_DATA, _BITS, _PHOTOMETRIC, _PLANAR, _FORMAT, _MAX_SAMPLE = 42113, 258, 262, 284, 339, 281
_WHITE_IS_ZERO, _SIGNED = 0, 2
#: By a PNG's colour type.
_PNG = {2: "RGB;16B", 4: "LA;16B", 6: "RGBA;16B"}
_OTHER_ORDER = {"L": "B", "B": "L"}
_COLOURS: dict[str, tuple[Space, Alpha]] = {
    "RGB": ("rgb", "none"),
    "RGBX": ("rgb", "none"),
    "RGBA": ("rgb", "straight"),
    "RGBa": ("rgb", "premultiplied"),
    "CMYK": ("cmyk", "none"),
}


def deep(picture: Image.Image, data: bytes, curves: Curves | None) -> Decoded | None:
    """The values of ``picture``, opened on ``data`` and turned to its page; None where 8 bits tell all of it.

    Raises ImageError for 16-bit colours that Pillow cuts and that cannot be had otherwise.
    """
    kind = picture.format or ""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I") or picture.mode == "F":
        return _grey(picture, data, kind, profile, curves)
    if isinstance(picture, TiffImageFile):
        tags = picture.tag_v2
        no_data, signed = _no_data(picture), _SIGNED in _numbers(tags.get(_FORMAT, 1))
        rawmode = _rawmode(picture)
        if _sixteen(rawmode):
            if tags.get(_PLANAR, 1) == 2:
                raise ImageError("16-bit colours in planes are read with: pip install 'clipseek[formats]'")
            return _colours(picture, data, rawmode, curves, no_data)
        if (no_data or signed) and picture.mode in ("L", "RGB", "RGBA", "LA"):
            return _eight(picture, kind, profile, no_data, signed)
        return None
    if kind == "PNG" and data[24] == 16 and data[25] in _PNG:
        return _colours(picture, data, _PNG[data[25]], curves, ())
    if kind == "PPM" and picture.mode == "RGB":
        return _pixmap(picture, data)
    if kind == "JPEG2000":
        return deep_colours(picture, data)
    if kind == "SGI" and data[3:4] == b"\2":
        return _sgi(picture, data)
    return None


def _grey(picture: Image.Image, data: bytes, kind: str, profile: bytes | None, curves: Curves | None) -> Decoded:
    bits, inverted, no_data, unsigned, signed = None, False, tuple[float, ...](), False, False
    key = picture.info.get("transparency")
    if isinstance(picture, TiffImageFile):
        tags = picture.tag_v2
        bits, inverted, no_data = _bits(tags), tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO, _no_data(picture)
        signed = _SIGNED in _numbers(tags.get(_FORMAT, 1)) and 16 in _numbers(tags.get(_BITS, 1))
        unsigned = 1 in _numbers(tags.get(_FORMAT, 1)) and 32 in _numbers(tags.get(_BITS, 1))
    picture.load()
    values: NDArray[Any] = np.asarray(picture)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if picture.mode == "I" and signed:
        values = values.astype(np.int16)
    elif picture.mode == "I" and unsigned:
        values = values.view(np.uint32)
    elif kind == "PPM" and picture.mode == "I":
        values, bits = values.astype(np.uint16), None if _maxval(data) == 65535 else 16
    elif kind == "JPEG2000":
        bits = None if precision(data) in (None, 16) else 16  # Pillow brings them to 16
    transparent = (float(key),) if isinstance(key, int) else None
    return Decoded(
        values[..., None],
        "grey",
        bits=bits,
        inverted=inverted,
        no_data=no_data,
        transparent=transparent,
        profile=profile,
        curves=curves,
        format=kind,
    )


def _colours(
    picture: Image.Image,
    data: bytes,
    rawmode: str,
    curves: Curves | None,
    no_data: tuple[float, ...],
) -> Decoded:
    key, profile, kind = picture.info.get("transparency"), picture.info.get("icc_profile"), picture.format or ""
    if rawmode == "LA;16B":  # the four bytes of a pixel, as they stand
        four = _unpacked(picture, data, "RGBA").astype(np.uint16)
        values = np.stack([four[..., 0] << 8 | four[..., 1], four[..., 2] << 8 | four[..., 3]], -1)
        return Decoded(values, "grey", "straight", profile=profile, curves=curves, format=kind)
    base = rawmode.partition(";")[0]
    order = "L" if rawmode.endswith("L") or (rawmode.endswith("N") and sys.byteorder == "little") else "B"
    plain = base.upper() if base == "RGBa" else base  # Pillow would divide each byte by alpha
    high = _unpacked(picture, data, f"{plain};16{order}").astype(np.uint16)
    values = high << 8 | _unpacked(picture, data, f"{plain};16{_OTHER_ORDER[order]}")
    space, alpha = _COLOURS[base]
    bands = {"rgb": 3, "cmyk": 4}[space] + (alpha != "none")
    transparent = tuple(float(number) for number in key) if isinstance(key, tuple) and len(key) == 3 else None
    return Decoded(
        values[..., :bands],
        space,
        alpha,
        no_data=no_data,
        transparent=transparent,
        profile=profile,
        curves=curves,
        format=kind,
    )


def _eight(picture: Image.Image, kind: str, profile: bytes | None, no_data: tuple[float, ...], signed: bool) -> Decoded:
    picture.load()
    values: NDArray[Any] = np.atleast_3d(np.asarray(picture))
    alpha: Alpha = "straight" if picture.mode.endswith("A") else "none"
    space: Space = "grey" if picture.mode.startswith("L") else "rgb"
    return Decoded(
        values.view(np.int8) if signed and space == "grey" and alpha == "none" else values,
        space,
        alpha,
        no_data=no_data,
        profile=profile,
        format=kind,
    )


def _unpacked(picture: Image.Image, data: bytes, rawmode: str) -> NDArray[np.uint8]:
    """The page of ``picture`` once more, unpacked as ``rawmode``: (H, W, C)."""
    with Image.open(io.BytesIO(data), formats=[picture.format or ""]) as again:
        if isinstance(again, TiffImageFile) and isinstance(picture, TiffImageFile):
            if picture._frame_pos and picture.tag_v2.offset not in (None, again.tag_v2.offset):
                again._frame_pos = [picture.tag_v2.offset]
                again._seek(0)
        elif picture.tell():
            again.seek(picture.tell())
        tiles: list[Any] = again.tile
        if tiles and isinstance(tiles[0].args, tuple):
            again.tile = [tile._replace(args=(rawmode, *tile.args[1:])) for tile in tiles]
        else:
            again.tile = [tile._replace(args=rawmode) for tile in tiles]
        again.load()
        return np.asarray(again)


def _rawmode(picture: Image.Image) -> str:
    tiles: list[Any] = getattr(picture, "tile", [])
    if not tiles:
        return ""
    args = tiles[0].args
    return str(args[0] if isinstance(args, tuple) else args)


def _sixteen(rawmode: str) -> bool:
    base, _, depth = rawmode.partition(";")
    return base in _COLOURS and depth in ("16L", "16B", "16N")


def _no_data(picture: TiffImageFile) -> tuple[float, ...]:
    text = picture.tag_v2.get(_NO_DATA, "")
    return read_no_data(text.decode("ascii", "replace") if isinstance(text, bytes) else str(text))


def _numbers(found: Any) -> tuple[int, ...]:
    return (found,) if isinstance(found, int) else tuple(found)


def _bits(tags: Any) -> int | None:
    """Bits in use: fewer than the values' own where BitsPerSample or MaxSampleValue says so."""
    bits = max(_numbers(tags.get(_BITS, 1)))
    most = max(_numbers(tags.get(_MAX_SAMPLE, 0)) or (0,))
    if bits == 16 and 255 < most < 2**15:
        return int(most).bit_length()
    return bits if 8 < bits < 16 else None


def _maxval(data: bytes) -> int:
    return _pixmap_header(data)[2]


def _pixmap_header(data: bytes) -> tuple[int, int, int, int]:
    """Width, height, greatest value, and where the values begin."""
    numbers, at = list[int](), 2
    while len(numbers) < 3:
        while data[at : at + 1].isspace() or data[at : at + 1] == b"#":
            if data[at : at + 1] == b"#":
                ends = [end for end in (data.find(b"\n", at), data.find(b"\r", at)) if end >= 0]
                at = min(ends, default=len(data))
            at += 1
        start = at
        while data[at : at + 1].isdigit():
            at += 1
        numbers.append(int(data[start:at]))
    return numbers[0], numbers[1], numbers[2], at + 1


def _pixmap(picture: Image.Image, data: bytes) -> Decoded | None:
    """16-bit colours of a binary PPM, whose greatest value says the bits in use, unless it is 65535."""
    if data[:2] != b"P6":
        return None
    width, height, most, start = _pixmap_header(data)
    if most <= 255:
        return None
    if len(data) - start < width * height * 6:
        raise ImageError("truncated: the file ends before its pixels do")
    values = np.frombuffer(data, ">u2", width * height * 3, start).reshape(height, width, 3).astype(np.uint16)
    window = None if most == 65535 else (0.0, float(most))
    return Decoded(values, "rgb", window=window, format="PPM")


def _sgi(picture: Image.Image, data: bytes) -> Decoded:
    """16-bit SGI, whose planes stand one after another from below; Pillow keeps the high byte."""
    bands = {"L": 1, "RGB": 3, "RGBA": 4}.get(picture.mode, 0)
    if data[2] or not bands:
        raise ImageError("16-bit SGI of this kind is not read; save it as 16-bit PNG")
    count = picture.width * picture.height * bands
    if len(data) - 512 < count * 2:
        raise ImageError("truncated: the file ends before its pixels do")
    planes = np.frombuffer(data, ">u2", count, 512).reshape(bands, picture.height, picture.width)[:, ::-1]
    values = np.ascontiguousarray(planes.transpose(1, 2, 0)).astype(np.uint16)
    return Decoded(values, "grey" if bands == 1 else "rgb", "straight" if bands == 4 else "none", format="SGI")
