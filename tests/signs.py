"""Pictures with words in them, drawn with the font that Pillow brings."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont


def sign(lines: Sequence[str], *, turned: int = 0, size: int = 32, kind: str = "PNG") -> bytes:
    """A file of dark ``lines`` on a bright ground, turned against the clock by so many degrees."""
    font = ImageFont.load_default(size)
    wide = max(int(font.getlength(line)) for line in lines)
    picture = Image.new("RGB", (wide + 60, len(lines) * 2 * size + 40), (235, 228, 200))
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        draw.text((30, 30 + row * 2 * size), line, font=font, fill=(30, 30, 70))
    file = io.BytesIO()
    picture.rotate(turned, expand=True).save(file, kind)
    return file.getvalue()
