"""JPEGs decoded at a fraction of their size: much less work, and nearly the same vectors. How nearly is measured first.

A JPEG's blocks can be decoded at a half, a quarter or an eighth of their size (libjpeg's scaled DCT), which reads all of the
file but computes a part of its pixels. What the model sees then differs a little from what it was trained on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pictures.header import MAX_MEGAPIXELS
from ..pictures.images import Decoder, open_reduced
from .clip import ClipEncoder

#: A decoded JPEG keeps at least this many times the model's edge; the first that passes is taken.
MARGINS = (1, 2)
LEAST_COSINE = 0.995
ENOUGH = 16  # JPEGs to measure on
PILLOW, SIMPLEJPEG = "Pillow", "simplejpeg"


@dataclass(frozen=True)
class JpegChoice:
    """``margin``: None where no way passed, or nothing would be gained. ``pictures`` were measured: their lowest ``cosine``
    to the whole decoding, and how many times as fast decoding was, by ``decoder``."""

    margin: int | None
    pictures: int
    cosine: float
    speedup: float
    decoder: str = PILLOW


def reducible(encoder: ClipEncoder, data: bytes) -> bool:
    """Whether ``data`` is a JPEG of at least twice the model's edge on both sides."""
    if not data.startswith(b"\xff\xd8"):
        return False
    try:
        edge = encoder.bundle.image.size
        reduced, full = open_reduced(data, (255, 255, 255), MAX_MEGAPIXELS, len(data), edge)
    except ValueError:
        return False
    return reduced.size != full


def large_jpegs(encoder: ClipEncoder, files: Iterable[bytes]) -> list[bytes]:
    """Those of the first files that can be decoded at a fraction of their size, as many as are needed to measure on."""
    return list(islice((data for data in files if reducible(encoder, data)), ENOUGH))


def choose_margin(
    encoder: ClipEncoder, samples: Sequence[bytes], clock: Callable[[], float] = time.perf_counter
) -> JpegChoice:
    """Decode ``samples``, JPEGs, in all ways on this machine; the first margin whose vectors all have LEAST_COSINE to those of
    the whole decoding and that is faster becomes the loader's ``jpeg_margin``, and what decodes fastest with it its
    ``jpeg_decoder``: Pillow, or simplejpeg where it is installed."""
    loader, simplejpeg = encoder.loader, load_simplejpeg()
    decoders: dict[str, Decoder | None] = {PILLOW: None, **({SIMPLEJPEG: simplejpeg} if simplejpeg else {})}
    choice = JpegChoice(None, len(samples), 1.0, 1.0)
    if samples:
        started = clock()
        whole = [loader.load_reduced(data, None) for data in samples]
        seconds = clock() - started
        expected = encoder.encode_pictures(whole)
        for margin in MARGINS:
            tried = []
            for name, decoder in decoders.items():
                started = clock()
                pictures = [loader.load_reduced(data, margin, decoder) for data in samples]
                speedup = seconds / max(1e-9, clock() - started)
                cosine = float(np.sum(encoder.encode_pictures(pictures) * expected, axis=1).min())
                passed = cosine >= LEAST_COSINE and speedup > 1
                tried.append(JpegChoice(margin if passed else None, len(samples), cosine, speedup, name))
            choice = max(tried, key=lambda way: (way.margin is not None, way.speedup))
            if choice.margin is not None:
                break
    loader.jpeg_margin = choice.margin
    loader.jpeg_decoder = None if choice.margin is None else decoders[choice.decoder]
    return choice


def load_simplejpeg() -> Decoder | None:
    """libjpeg-turbo without Pillow's steps around it, reducing as Pillow's draft mode does; None where simplejpeg is not installed.

    It raises ValueError on anything odd in a file, which Pillow may still read.
    """
    try:
        import simplejpeg
    except ImportError:
        return None

    def decode(data: bytes, edge: int, mode: str) -> NDArray[np.uint8]:
        space = "RGB" if mode == "RGB" else "GRAY"
        # Below 2 a fraction costs more than the whole.
        pixels: Any = simplejpeg.decode_jpeg(data, space, min_height=edge, min_width=edge, min_factor=2)
        decoded: NDArray[np.uint8] = pixels if mode == "RGB" else pixels[..., 0]
        return decoded

    return decode
