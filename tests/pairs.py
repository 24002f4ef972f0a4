"""Pictures that a tiny CLIP can learn within seconds: a coloured square and its name."""

from __future__ import annotations

from pathlib import Path

from clipseek.sources import Record
from PIL import Image

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 180, 60),
    "blue": (40, 60, 220),
    "yellow": (230, 210, 40),
    "black": (15, 15, 15),
    "white": (245, 245, 245),
}
PLACES = {"left": (2, 10), "right": (18, 10), "top": (10, 2), "bottom": (10, 18)}


def write_squares(folder: Path, copies: int = 1, size: int = 32) -> list[Record]:
    """24 kinds of pictures (6 colours, 4 places) in ``copies`` shades each, as PNG files; the kind is the group."""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for copy in range(copies):
        for colour, rgb in COLOURS.items():
            for place, corner in PLACES.items():
                picture = Image.new("RGB", (size, size), (128 + copy, 128, 128 - copy))
                picture.paste(rgb, (*corner, corner[0] + 12, corner[1] + 12))
                path = folder / f"{colour}-{place}-{copy}.png"
                picture.save(path)
                caption = f"{colour} square: {place}, drawing, shade {copy}"
                records.append(Record(id=None, image=path, captions=(caption,), group=f"{colour} {place}"))
    return records
