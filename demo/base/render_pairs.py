"""Render a corpus (jsonl.xz of SVG drawings) into one array for ``distill.py``: pictures.npy and pairs.json."""

from __future__ import annotations

import argparse
import io
import json
import lzma
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

SIZE = 128


def render(svg: str) -> bytes:
    """RGB bytes of the drawing on white, SIZE x SIZE, centred; b"" when it cannot be drawn."""
    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE))
        drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    except (ValueError, OSError):
        return b""
    drawn.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    canvas = Image.new("RGB", (SIZE, SIZE), "white")
    canvas.paste(drawn, ((SIZE - drawn.width) // 2, (SIZE - drawn.height) // 2), drawn)
    return canvas.tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--processes", type=int, default=16)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with lzma.open(arguments.corpus, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    with Pool(arguments.processes) as pool:
        drawn = pool.map(render, [row.pop("svg") for row in rows], chunksize=64)
    kept = [index for index, data in enumerate(drawn) if data]
    pictures = np.stack([np.frombuffer(drawn[index], np.uint8).reshape(SIZE, SIZE, 3) for index in kept])
    np.save(arguments.out / "pictures.npy", pictures)
    (arguments.out / "pairs.json").write_text(json.dumps([rows[index] for index in kept]), "utf-8")
    print(f"{arguments.corpus}: {len(kept)} of {len(rows)} drawn")


if __name__ == "__main__":
    main()
