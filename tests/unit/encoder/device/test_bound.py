"""Buffers that stay in place: what comes out is what the plain session gives. On the CPU provider, with real towers."""

from __future__ import annotations

import ctypes
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.device.bound import AHEAD, BoundSession, batch_sizes, pinned_array
from clipseek.encoder.device.session import open_session
from numpy.typing import NDArray

pytestmark = pytest.mark.train


def bound(bundle: Bundle, tower: str, most: int = 8, session: Any = None, step: int = 8) -> BoundSession:
    session = session or open_session(bundle.path / f"{tower}.onnx", "cpu", 1)
    return BoundSession(session, tower, bundle, batch_sizes(most), step, "cpu")


def pixels(count: int, seed: int = 0) -> dict[str, NDArray[np.uint8]]:
    return {"pixels": np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)}


def texts(encoder: ClipEncoder, words: list[str]) -> dict[str, Any]:
    tokenizer = encoder.tokenizer
    ids, mask = tokenizer.pad(tokenizer.encode(words)[0])
    return {"input_ids": ids, "attention_mask": mask}


def test_pictures_are_the_plain_sessions(bundle: Bundle) -> None:
    plain, ours = open_session(bundle.path / "image.onnx", "cpu", 1), bound(bundle, "image")
    for count in (8, 1, 3, 8, 5):
        given = pixels(count, count)
        (rows,) = ours.run(["image_embeds"], given)
        expected = plain.run(["image_embeds"], given)[0]
        assert rows.shape == expected.shape
        if count in (8, 1):  # shapes that are not filled up: the same run
            np.testing.assert_array_equal(rows, expected)
        np.testing.assert_allclose(rows, expected, atol=1e-5)


@pytest.mark.parametrize("step", [8, 24])
def test_texts_are_the_plain_sessions(bundle: Bundle, encoder: ClipEncoder, step: int) -> None:
    plain, ours = open_session(bundle.path / "text.onnx", "cpu", 1), bound(bundle, "text", step=step)
    long = "a cat and a dog and " * 20
    for words in (["a"], ["a red cat", "two dogs and a bird"], [long, "a", "a blue house on a hill"], [long]):
        given = texts(encoder, words)
        np.testing.assert_allclose(ours.run(None, given)[0], plain.run(None, given)[0], atol=1e-5)


def test_rows_stay_when_the_next_run_writes_the_buffers(bundle: Bundle) -> None:
    ours = bound(bundle, "image")
    (first,) = ours.run(None, pixels(4, 1))
    kept = first.copy()
    ours.run(None, pixels(4, 2))
    np.testing.assert_array_equal(first, kept)


class Watched:
    """A session that tells in which shapes it runs, and fails when told to."""

    def __init__(self, session: Any) -> None:
        self.session, self.bindings, self.fails = session, list[Any](), False

    def io_binding(self) -> Any:
        self.bindings.append(self.session.io_binding())
        return self.bindings[-1]

    def run_with_iobinding(self, binding: Any) -> None:
        if self.fails:
            raise RuntimeError("CUDA failure 2: out of memory")
        self.session.run_with_iobinding(binding)


def test_rows_given_one_by_one_are_the_stacked_ones(bundle: Bundle) -> None:
    ours, given = bound(bundle, "image"), pixels(5)
    np.testing.assert_array_equal(ours.run(None, {"pixels": list(given["pixels"])})[0], ours.run(None, given)[0])


def test_a_second_thread_fills_buffers_while_the_device_runs(bundle: Bundle) -> None:
    """Both hold buffers of one shape at once, and never more than two do."""
    filled = threading.Barrier(2, timeout=60)

    class Waits(Watched):
        def run_with_iobinding(self, binding: Any) -> None:
            if len(self.bindings) < 2:
                waiting.wait(timeout=60)
            super().run_with_iobinding(binding)

    class Fills(BoundSession):
        def _put(self, host: Any, rows: Any, name: str) -> None:
            super()._put(host, rows, name)
            if not waiting.is_set():
                filled.wait()  # only a second thread lets the first go on
                waiting.set()

    waiting = threading.Event()
    watched = Waits(open_session(bundle.path / "image.onnx", "cpu", 1))
    ours = Fills(watched, "image", bundle, batch_sizes(8), 8, "cpu")
    plain = open_session(bundle.path / "image.onnx", "cpu", 1)
    given = [pixels(8, seed) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: ours.run(None, one)[0], given))
    for rows, one in zip(found, given, strict=True):
        np.testing.assert_allclose(rows, plain.run(None, one)[0], atol=1e-5)
    assert len(watched.bindings) == AHEAD


def test_few_shapes_are_made_and_used_again(bundle: Bundle) -> None:
    watched = Watched(open_session(bundle.path / "image.onnx", "cpu", 1))
    ours = bound(bundle, "image", most=8, session=watched)
    for count in (1, 2, 3, 4, 5, 6, 7, 8, 3, 1, 7):
        ours.run(None, pixels(count))
    assert len(watched.bindings) == 4  # 1, 2, 4 and 8


def test_buffers_of_a_failed_run_are_given_back(bundle: Bundle) -> None:
    watched = Watched(open_session(bundle.path / "image.onnx", "cpu", 1))
    ours = bound(bundle, "image", session=watched)
    watched.fails = True
    with pytest.raises(RuntimeError, match="out of memory"):
        ours.run(None, pixels(8))
    assert not ours._idle
    watched.fails = False
    assert ours.run(None, pixels(2))[0].shape == (2, bundle.dimension)
    ours.run(None, pixels(5))
    assert [len(one.host["pixels"]) for sets in ours._idle.values() for one in sets] == [
        2,
        5,
    ]  # never filled up to 8 again


def test_a_full_device_halves_the_batch(bundle: Bundle, encoder: ClipEncoder, caplog: pytest.LogCaptureFixture) -> None:
    """The encoder around it, as on a GPU: bound sessions raise what the encoder halves for."""

    class Small(Watched):
        def io_binding(self) -> Any:
            binding = super().io_binding()
            if len(self.bindings) == 1:  # the first and largest
                raise RuntimeError("Failed to allocate memory for requested buffer")
            return binding

    small = ClipEncoder(bundle, device="cpu", threads=1, batch_size=8)
    small.towers._sessions["text"] = bound(
        bundle, "text", session=Small(open_session(bundle.path / "text.onnx", "cpu", 1))
    )
    words = [f"two dogs and {number} cats" for number in range(8)]
    np.testing.assert_allclose(small.encode_texts(words), encoder.encode_texts(words), atol=1e-5)
    assert "batches of 4" in caplog.text


def test_many_threads_share_the_buffers(bundle: Bundle) -> None:
    plain, ours = open_session(bundle.path / "image.onnx", "cpu", 1), bound(bundle, "image")
    given = [pixels(1 + at % 8, at) for at in range(40)]
    expected = [plain.run(None, one)[0] for one in given]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda one: ours.run(None, one)[0], given))
    for rows, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(rows, theirs, atol=1e-5)


def test_other_outputs_are_refused(bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="expected 'image_embeds'"):
        bound(bundle, "image").run(["text_embeds"], pixels(1))


def test_batch_sizes() -> None:
    assert batch_sizes(1) == [1]
    assert batch_sizes(32) == [1, 2, 4, 8, 16, 32]
    assert batch_sizes(20) == [1, 2, 4, 8, 16, 20]


class Cuda:
    """CUDA's library, as far as it is called."""

    def __init__(self, status: int) -> None:
        self.status, self.locked, self.asked_for_error = status, dict[int, int](), 0

    def cudaHostRegister(self, address: ctypes.c_void_p, size: ctypes.c_size_t, flags: ctypes.c_uint) -> int:
        if self.status == 0:
            self.locked[address.value or 0] = size.value
        return self.status

    def cudaHostUnregister(self, address: ctypes.c_void_p) -> int:
        del self.locked[address.value or 0]
        return 0

    def cudaGetLastError(self) -> int:
        self.asked_for_error += 1
        return self.status


def test_memory_is_locked_as_long_as_the_array_lives() -> None:
    cuda = Cuda(0)
    array = pinned_array((4, 5), np.float32, cuda)
    assert cuda.locked == {array.ctypes.data: 80}
    view = array[1:]
    del array
    gc.collect()
    assert len(cuda.locked) == 1
    del view
    gc.collect()
    assert cuda.locked == {}


@pytest.mark.parametrize("cuda", [None, Cuda(2)])
def test_where_memory_cannot_be_locked_it_is_plain(cuda: Cuda | None) -> None:
    assert not pinned_array((4, 5), np.uint8, cuda).any()
    assert cuda is None or (cuda.asked_for_error, cuda.locked) == (1, {})


def test_encoders_on_the_cpu_have_no_buffers(encoder: ClipEncoder, tmp_path: Path) -> None:
    encoder.warm_up("text")
    assert not isinstance(encoder.towers.session("text"), BoundSession)
