from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from clipseek.opensearch.entries.pixels import BYTES_OF_PIXEL, PixelBudget, decoded_size
from PIL import Image


def picture(side: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side)).save(stream, "PNG")
    return stream.getvalue()


def test_the_size_of_the_pixels_is_read_from_the_header() -> None:
    assert decoded_size(picture(100)) == 100 * 100 * BYTES_OF_PIXEL
    assert decoded_size(b"no picture") == 0


def test_pictures_are_decoded_together_only_within_the_budget() -> None:
    budget, lock = PixelBudget(3 * 100 * 100 * BYTES_OF_PIXEL), threading.Lock()
    now, most = 0, 0

    def decode(data: bytes) -> None:
        nonlocal now, most
        with lock:
            now += len(data) > 0
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    within = budget.within(decode)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(within, [picture(100)] * 24))
    assert 1 < most <= 3
    within(picture(1000))  # larger than the budget: alone, and not never
