"""Picture files read ahead in threads, a window at a time, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .clip import ClipEncoder, Picture
from .session import available_cores


def read_pictures(
    encoder: ClipEncoder, paths: Sequence[Path], window: int = 64
) -> Iterator[list[tuple[Path, Picture | str]]]:
    """Windows of (path, its picture or the reason why there is none), in the order of ``paths``."""

    def load(path: Path) -> Picture | str:
        try:
            return encoder.load_picture(path.read_bytes())
        except (OSError, ValueError) as problem:
            return getattr(problem, "strerror", None) or str(problem)

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(paths), window):
            part = paths[start : start + window]
            yield list(zip(part, pool.map(load, part), strict=True))
