"""A picture to look at is bounded in pixels and in bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import cast

import numpy as np
from clipseek.web.mcp.look import MOST_BYTES, shown
from clipseek.web.pictures.service import Pictures, Webp
from PIL import Image


class Thumbnails:
    """Thumbnails of noise, the larger ones with more bytes than may be sent."""

    def __init__(self, heavy: tuple[int, ...]) -> None:
        self.heavy, self.asked = heavy, list[int]()

    def thumbnail(self, alias: str, name: str, size: int, known: Callable[[str], bool]) -> Webp:
        self.asked.append(size)
        buffer = io.BytesIO()
        noise = np.random.default_rng(1).integers(0, 256, (size // 2, size, 3), dtype=np.uint8)
        Image.fromarray(noise).save(buffer, "WEBP", quality=20)
        data = buffer.getvalue()
        return Webp("etag", data + bytes(MOST_BYTES if size in self.heavy else 0))


def test_too_many_bytes_are_shown_smaller() -> None:
    thumbnails = Thumbnails(heavy=(1280, 640))
    seen = shown(cast(Pictures, thumbnails), "icons", "p", 1280)
    assert (seen.width, seen.height, thumbnails.asked) == (320, 160, [1280, 640, 320])
    assert len(seen.data) <= MOST_BYTES


def test_what_fits_is_shown_as_large_as_asked() -> None:
    thumbnails = Thumbnails(heavy=())
    assert shown(cast(Pictures, thumbnails), "icons", "p", 640).width == 640
    assert thumbnails.asked == [640]
