"""One encoder, eight threads: each gets what it would have got alone, and each tower is loaded once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.run.towers import Towers
from numpy.typing import NDArray
from PIL import Image

from tests.models import quiet

pytestmark = pytest.mark.train

THREADS, ROUNDS = 8, 6


@pytest.fixture(scope="module", params=["fp32", "int8"])
def shared(request: pytest.FixtureRequest, checkpoint_folder: Path, bundle: Bundle, tmp_path_factory: Any) -> Bundle:
    if request.param == "fp32":
        return bundle
    with quiet():
        from clipseek.export.checkpoint import export_bundle

        out = tmp_path_factory.mktemp("threads") / "int8"
        return export_bundle(str(checkpoint_folder), out, precision="int8", accept_loss=True)


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40 + seed, 50, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def tasks(encoder: ClipEncoder) -> list[Callable[[], NDArray[np.float32]]]:
    """Batches of several sizes, texts and pictures, from a file's bytes on."""
    words = ["a red cat", "two dogs and a bird on the big house", "blue", "a", "a white car of the moon"]
    made: list[Callable[[], NDArray[np.float32]]] = []
    for at in range(12):
        texts = [f"{words[(at + more) % 5]} {at}" for more in range(1 + at % 7)]
        files = [png(at + more) for more in range(1 + at % 5)]
        made.append(lambda texts=texts: encoder.encode_texts(texts))  # type: ignore[misc]
        made.append(lambda files=files: encoder.encode_pictures([encoder.load_picture(one) for one in files]))  # type: ignore[misc]
    return made


@pytest.mark.parametrize("cores", [1, 2])  # two: int8 in lanes, fp32 with all threads in one run
def test_eight_threads_get_what_one_gets(shared: Bundle, cores: int) -> None:
    # The order in which threads of one run add up is theirs; int8 and a single thread have no choice.
    exact = shared.precision == "int8" or cores == 1
    alone = [task() for task in tasks(ClipEncoder(shared, device="cpu", threads=cores, batch_size=4))]
    encoder = ClipEncoder(shared, device="cpu", threads=cores, batch_size=4)
    everything = tasks(encoder)
    together = threading.Barrier(THREADS, timeout=30)

    def work(thread: int) -> list[tuple[int, NDArray[np.float32]]]:
        together.wait()  # so that all of them find the towers not yet loaded
        order = np.random.default_rng(thread).permutation(len(everything)).tolist() * ROUNDS
        return [(at, everything[at]()) for at in order]

    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(work, range(THREADS)):
            for at, rows in found:
                if exact:
                    np.testing.assert_array_equal(rows, alone[at])
                else:
                    np.testing.assert_allclose(rows, alone[at], atol=1e-6)
    calls = encoder.stages.snapshot()
    assert calls["tokenize"].calls == THREADS * ROUNDS * 12
    assert calls["decode"].calls == THREADS * ROUNDS * sum(1 + at % 5 for at in range(12))


def test_a_tower_is_loaded_once(shared: Bundle) -> None:
    opened: list[str] = []

    class Counting(Towers):
        def _open(self, tower: str) -> Any:
            opened.append(tower)
            return super()._open(tower)

    encoder = ClipEncoder(shared)
    encoder.towers = Counting(shared, "cpu", 2, 32, None, None, encoder.stages)
    together = threading.Barrier(THREADS, timeout=30)

    def work(_: int) -> None:
        together.wait()
        encoder.warm_up()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert sorted(opened) == ["image", "text"]
