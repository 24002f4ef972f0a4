"""Pictures and texts to unit vectors: decode and preprocess, run, normalise. The only place that normalises."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bundle import Bundle
from .session import Device, open_session
from .tokenizer import TextTokenizer


@dataclass(frozen=True)
class Picture:
    """A picture ready for the model: ``pixels`` (3, S, S) float32; ``width`` and ``height`` of the original, in pixels."""

    pixels: NDArray[np.float32]
    width: int
    height: int


class ClipEncoder:
    """A CLIP on onnxruntime. Thread-safe; each tower is loaded when it is first needed, so words never load the picture's."""

    def __init__(
        self, bundle: Bundle, device: Device = "auto", threads: int | None = None, batch_size: int = 32
    ) -> None:
        self.bundle = bundle
        self.max_megapixels: float | None = None
        self._device, self._threads, self._batch_size = device, threads, batch_size
        self._loading = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Two encoders of one fingerprint give the same vectors."""
        return self.bundle.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.bundle.dimension

    def load_picture(self, data: bytes) -> Picture:
        """Decode and preprocess a file's bytes. Raises ImageError (a ValueError), whose text is the reason."""
        from .images import MAX_MEGAPIXELS, open_image
        from .preprocess import normalize, resize_and_crop

        spec = self.bundle.image
        picture = open_image(data, spec.background, self.max_megapixels or MAX_MEGAPIXELS)
        return Picture(normalize(resize_and_crop(picture, spec), spec), picture.width, picture.height)

    def encode_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """(N, D) float32, unit rows."""
        return self.encode_pixels([picture.pixels for picture in pictures])

    def encode_pixels(self, pixels: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """N arrays (3, S, S) float32 -> (N, D) float32, unit rows."""
        parts = [
            self._image_session.run(["image_embeds"], {"pixel_values": np.stack(pixels[at : at + self._batch_size])})[0]
            for at in range(0, len(pixels), self._batch_size)
        ]
        return unit_rows(parts, self.dimension)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N, D) float32, unit rows. Texts beyond the model's context are cut.

        Texts of like length go together: CLIP's text tower is causal and pools at end-of-text, so that padding changes
        nothing and only costs time.
        """
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        rows = np.empty((len(texts), self.dimension), np.float32)
        for at in range(0, len(order), self._batch_size):
            chosen = order[at : at + self._batch_size]
            ids, mask, _ = self._tokenizer([texts[index] for index in chosen])
            rows[chosen] = self._text_session.run(["text_embeds"], {"input_ids": ids, "attention_mask": mask})[0]
        return unit_rows([rows], self.dimension)

    @cached_property
    def _image_session(self) -> Any:
        with self._loading:
            return open_session(self.bundle.path / "image.onnx", self._device, self._threads)

    @cached_property
    def _text_session(self) -> Any:
        with self._loading:
            return open_session(self.bundle.path / "text.onnx", self._device, self._threads)

    @cached_property
    def _tokenizer(self) -> TextTokenizer:
        return TextTokenizer(self.bundle.path / "tokenizer.json", self.bundle.text)


def unit_rows(parts: list[NDArray[np.float32]], dimension: int) -> NDArray[np.float32]:
    """Rows of ``parts`` over their lengths, (N, D) float32; a zero row stays zero."""
    if not parts:
        return np.empty((0, dimension), np.float32)
    rows = np.concatenate(parts).astype(np.float32, copy=False)
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
    return unit
