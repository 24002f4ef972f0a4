"""SVG by resvg, drawn so that its longer side has SIDE pixels. What it names outside itself is not fetched."""

from __future__ import annotations

import gzip
import io
import re
from xml.etree import ElementTree

import numpy as np
import resvg_py
from PIL import Image

from ...errors import ImageError
from ...pixels.decoded import Decoded
from ..asked import Asked

SIDE = 1024
_LARGEST = 64 << 20  # bytes of markup
_LENGTH = re.compile(r"\s*([0-9.]+(?:e[-+]?\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


def read(data: bytes, asked: Asked) -> Decoded:
    """The drawing on nothing, so that the background shows through."""
    if data[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(data)) as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ImageError("too large: its markup has more than 64 MB")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise ImageError(f"not well-formed SVG: {problem}") from None
    _keep_inside(root)
    width, height = _size(root)
    wide = width >= height
    try:
        drawn = bytes(
            resvg_py.svg_to_bytes(
                svg_string=ElementTree.tostring(root, "unicode"),
                width=SIDE if wide else max(1, round(SIDE * width / height)),
                height=max(1, round(SIDE * height / width)) if wide else SIDE,
            )
        )
    except ValueError as problem:
        raise ImageError(f"resvg refuses it: {problem}") from None
    values = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))
    return Decoded(
        values,
        "rgb",
        "straight",
        bits=8,
        format="SVG",
        met=frozenset({"format.svg"}),
        facts=(f"{width:g} x {height:g} drawn at {values.shape[1]} x {values.shape[0]} pixels",),
    )


def _keep_inside(root: ElementTree.Element) -> None:
    """Take away what would read files of this machine: every reference but to a part of the document or to data in it."""
    for element in root.iter():
        for name in [name for name in element.attrib if name.rpartition("}")[2] == "href"]:
            if not element.attrib[name].strip().startswith(("#", "data:")):
                del element.attrib[name]


def _size(root: ElementTree.Element) -> tuple[float, float]:
    """Width and height in CSS pixels: the attributes, what they lack by the viewBox, 100 x 100 without it."""
    box = [float(number) for number in re.findall(r"[-+]?[0-9.]+(?:e[-+]?\d+)?", root.get("viewBox", ""))]
    width, height = _pixels(root.get("width", "")), _pixels(root.get("height", ""))
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        ratio = box[2] / box[3]
        if width is None and height is None:
            return box[2], box[3]
        return width or (height or 1) * ratio, height or (width or 1) / ratio
    return width or 100.0, height or 100.0


def _pixels(text: str) -> float | None:
    match = _LENGTH.fullmatch(text)
    if match is None or match[2].lower() not in _UNITS:
        return None
    try:
        return float(match[1]) * _UNITS[match[2].lower()] or None
    except ValueError:
        return None
