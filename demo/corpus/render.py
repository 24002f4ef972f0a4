"""Drawings to picture files, at first use, in every core; what was drawn before is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

from clipseek.files.whole import whole_file, write_whole

from .shipped import Item

SIDE = 128  # pixels: the model sees 96, a person's result sheet a little more


def picture_path(folder: Path, item: Item) -> Path:
    """Where the drawing's picture lies under ``folder``."""
    return folder / "pictures" / f"{item.id}.png"


def render(items: list[Item], folder: Path, on_progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Draw what is not there yet on white, SIDE x SIDE, as PNG; returns how many were drawn."""
    missing = [item for item in items if not picture_path(folder, item).is_file()]
    for parent in {picture_path(folder, item).parent for item in missing}:
        parent.mkdir(parents=True, exist_ok=True)
    chunks = [missing[at : at + 200] for at in range(0, len(missing), 200)]
    done = 0
    # Fresh processes, not forks: the caller may hold threads.
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        for count in pool.map(
            _draw_all, [[(item.svg, str(picture_path(folder, item))) for item in chunk] for chunk in chunks]
        ):
            done += count
            on_progress(done, len(missing))
    return len(missing)


def _draw_all(jobs: list[tuple[str, str]]) -> int:
    for svg, path in jobs:
        write_whole(path, draw(svg), flush=False)  # thousands, and drawn again when one is lost
    return len(jobs)


def draw(svg: str, side: int = SIDE) -> bytes:
    """The drawing on white as PNG bytes, ``side`` x ``side``."""
    import resvg_py
    from PIL import Image

    drawn = resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", width=side, height=side, skip_system_fonts=True)
    buffer = BytesIO()
    Image.open(BytesIO(bytes(drawn))).convert("RGB").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


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
