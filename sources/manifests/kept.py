"""Pictures whose bytes stand in a table's cells: written to the cache once, as the files that they are."""

from __future__ import annotations

from pathlib import Path

from clipseek.files.whole import write_whole

_KINDS = (
    (b"\xff\xd8", "jpg"),
    (b"\x89PNG", "png"),
    (b"GIF8", "gif"),
    (b"RIFF", "webp"),
    (b"II*", "tif"),
    (b"MM\x00*", "tif"),
)


def kept(folder: Path, number: int, data: bytes) -> Path:
    """The file in ``folder`` of row ``number``'s picture, written whole or not at all."""
    kind = next((suffix for start, suffix in _KINDS if data.startswith(start)), "png")
    path = folder / f"{number:08}.{kind}"
    if not (path.is_file() and path.stat().st_size == len(data)):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, flush=False)  # checked by its size, and written again
    return path
