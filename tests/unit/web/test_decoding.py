"""Large pictures wait for each other; small ones, and what is none, wait for nobody."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from clipseek.web.decoding import in_turn
from PIL import Image

from tests.pictures import huge_png


@pytest.mark.parametrize(("side", "most"), [(6000, 1), (100, 4)])
def test_only_large_pictures_are_decoded_one_after_another(side: int, most: int) -> None:
    data, inside, seen, lock = huge_png(side), 0, [0], threading.Lock()
    together = threading.Barrier(most)

    def decode() -> None:
        nonlocal inside
        with in_turn(data):
            with lock:
                inside += 1
                seen.append(inside)
            together.wait(10)
            time.sleep(0.02)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(decode) for _ in range(4)]:
            done.result()
    assert max(seen) == most


def test_what_is_no_picture_passes_for_the_decoder_to_refuse() -> None:
    with in_turn(b"no picture"), in_turn(b""):
        pass
    with in_turn(huge_png(20_000)), in_turn(huge_png(20_000)):  # beyond the limit: refused before it is decoded
        pass


def test_the_turn_comes_back_after_a_failure() -> None:
    buffer = io.BytesIO()
    Image.new("1", (6000, 6000)).save(buffer, "PNG")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"), in_turn(buffer.getvalue()):
            raise RuntimeError("broken")
