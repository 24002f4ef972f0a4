"""Picture files read ahead in threads, a window at a time, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..device.session import available_cores
from ..pictures.reading import read_picture
from .clip import ClipEncoder
from .picture import Picture


def read_pictures(
    encoder: ClipEncoder, paths: Sequence[Path], window: int = 64
) -> Iterator[list[tuple[Path, Picture | str]]]:
    """Windows of (path, its picture or the reason why there is none), in the order of ``paths``."""

    def read(path: Path) -> Picture | str:
        return read_picture(path, encoder.load_picture)

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(paths), window):
            chosen = paths[start : start + window]
            yield list(zip(chosen, pool.map(read, chosen), strict=True))
