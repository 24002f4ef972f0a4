"""Drawings to picture files, at first use, in every core; what was drawn before is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from clipseek.files.whole import whole_file, write_whole

from .shipped import Item

if TYPE_CHECKING:
    from PIL import Image

SIDE = 128  # pixels: the model sees 96, a person's result sheet a little more


def picture_path(folder: Path, item: Item) -> Path:
    """Where the drawing's picture lies under ``folder``."""
    return folder / "pictures" / f"{item.id}.png"


def render(items: list[Item], folder: Path) -> int:
    """Draw what is not there yet on white, SIDE x SIDE, as PNG; returns how many were drawn."""
    missing = {path: item.svg for item in items if not (path := picture_path(folder, item)).is_file()}
    for parent in {path.parent for path in missing}:
        parent.mkdir(parents=True, exist_ok=True)
    # Fresh processes, not forks: the caller may hold threads.
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        list(pool.map(_draw_file, missing, missing.values(), chunksize=200))
    return len(missing)


def _draw_file(path: Path, svg: str) -> None:
    write_whole(path, draw(svg), flush=False)  # one of thousands, and drawn again when it is lost


def draw(svg: str, side: int = SIDE) -> bytes:
    """The drawing on white as PNG bytes, ``side`` x ``side``."""
    buffer = BytesIO()
    drawn(svg, side).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def drawn(svg: str, side: int) -> Image.Image:
    """The drawing on white. Raises ValueError where resvg cannot draw it."""
    import resvg_py
    from PIL import Image

    data = resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", width=side, height=side, skip_system_fonts=True)
    return Image.open(BytesIO(bytes(data))).convert("RGB")


def write_manifest(items: Iterable[Item], folder: Path, name: str) -> Path:
    """A JSON-lines manifest of the items' pictures, ``folder/name.jsonl``, as every command reads it."""
    path = folder / f"{name}.jsonl"
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        for item in items:
            row = {
                "id": item.id,
                "image": str(picture_path(folder, item).relative_to(folder)),
                "caption": item.caption,
                "group": item.concept,
                "set": item.set,
                "split": item.split,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path
