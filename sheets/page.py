"""The shell of every page: one HTML file with everything in it, pictures and style too, and the pieces that all pages share."""

from __future__ import annotations

import base64
import html
import io
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


def render_page(title: str, style: str, body: str) -> str:
    """An HTML document. ``style`` names the page's own style sheet, which is added to ``base.css``; ``body`` is HTML."""
    sheets = "".join(files(__package__).joinpath(f"{name}.css").read_text("utf-8") for name in ("base", style))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{sheets}</style></head><body>\n'
        f"{body}\n</body></html>\n"
    )


def thumbnail(picture: Image, side: int) -> str:
    """``picture``, made to fit into ``side`` x ``side`` pixels, as a data URI (WebP); it is changed in place."""
    picture.thumbnail((side, side))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
