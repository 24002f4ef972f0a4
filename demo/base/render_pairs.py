"""Draw the SVG drawings of a corpus, for ``features.py``."""

from __future__ import annotations

import io
from multiprocessing import Pool

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

SIZE = 128  # pixels


def render(svg: str) -> NDArray[np.uint8] | None:
    """The drawing on white, centred, (SIZE, SIZE, 3); None when it cannot be drawn."""
    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE))
        drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    except (ValueError, OSError):
        return None
    drawn.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (SIZE, SIZE), "white")
    canvas.paste(drawn, ((SIZE - drawn.width) // 2, (SIZE - drawn.height) // 2), drawn)
    return np.asarray(canvas)


def render_all(svgs: list[str]) -> list[NDArray[np.uint8] | None]:
    with Pool() as pool:
        return pool.map(render, svgs, chunksize=64)
