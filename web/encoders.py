"""One encoder of each model for all requests: single queries join into batches, and vectors that were made lately are kept."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from clipseek.encoder import Batcher, Crop
from clipseek.opensearch.protocols import AnyEncoder, CutsTexts
from numpy.typing import NDArray

from .decoding import in_turn
from .metrics import Metrics

Vector = NDArray[np.float32]
_waited = threading.local()


def seconds_waited() -> float:
    """How long this thread has waited for vectors since it was last asked."""
    seconds: float = getattr(_waited, "seconds", 0.0)
    _waited.seconds = 0.0
    return seconds


class VectorCache:
    """The latest vectors by what was encoded. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._vectors: OrderedDict[tuple[str, str], Vector] = OrderedDict()

    def get(self, key: tuple[str, str]) -> Vector | None:
        with self._lock:
            vector = self._vectors.get(key)
            if vector is not None:
                self._vectors.move_to_end(key)
            return vector

    def put(self, key: tuple[str, str], vector: Vector) -> None:
        with self._lock:
            self._vectors[key] = vector
            while len(self._vectors) > self._most:
                self._vectors.popitem(last=False)


@dataclass(frozen=True, eq=False)
class HeldPicture:
    """A picture by the hash of its file and the crop, with what the encoder made of it, or with the vector that is known."""

    key: str
    loaded: Any
    vector: Vector | None
    width: int
    height: int
    appearance: bytes = b""


class SharedEncoder:
    """``encoder`` for many threads; satisfies ``clipseek.opensearch.protocols.Encoder``. ``seconds``: how long a vector may take;
    ``cached``: how many are kept.

    Its methods raise what the encoder raises, Overloaded where too many wait, and EncodeTimedOut.
    """

    def __init__(self, encoder: AnyEncoder, metrics: Metrics, *, seconds: float = 10.0, cached: int = 4096) -> None:
        self.encoder, self._metrics = encoder, metrics
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension
        self.cache = VectorCache(cached)
        self._texts: Batcher[str] = Batcher(encoder.encode_texts, seconds=seconds)
        self._pictures: Batcher[Any] = Batcher(encoder.encode_pictures, seconds=seconds)

    def load_picture(self, data: bytes, crop: Crop | None = None) -> HeldPicture:
        """Decode a file's bytes, or ``crop`` of them, if its vector is not known. Raises ValueError whose text is the reason."""
        key = hashlib.sha256(data).hexdigest() + ("" if crop is None else f"#{crop!r}")
        if (vector := self.cache.get(("picture", key))) is not None:
            return HeldPicture(key, None, vector, 0, 0)
        with in_turn(data):
            loaded = self.encoder.load_picture(data, crop)
        return HeldPicture(key, loaded, None, loaded.width, loaded.height, loaded.appearance)

    def encode_pictures(self, pictures: Sequence[HeldPicture]) -> Vector:
        """``(N, D) float32``, unit rows."""
        return self._rows(
            [("picture", picture.key) for picture in pictures],
            [picture.vector for picture in pictures],
            lambda place: self._pictures.submit(pictures[place].loaded),
        )

    def encode_texts(self, texts: Sequence[str]) -> Vector:
        """``(N, D) float32``, unit rows."""
        keys = [("text", text) for text in texts]
        return self._rows(keys, [self.cache.get(key) for key in keys], lambda place: self._texts.submit(texts[place]))

    @property
    def context_length(self) -> int:
        """How many tokens of a text the model reads; 0 where it does not say."""
        return self.encoder.context_length if isinstance(self.encoder, CutsTexts) else 0

    def count_cut(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer."""
        return self.encoder.count_cut(texts) if isinstance(self.encoder, CutsTexts) else 0

    @property
    def logit_scale(self) -> float:
        """By which the model multiplies cosines before it compares them; 100 where it does not say, as CLIP's own."""
        return float(getattr(getattr(self.encoder, "bundle", None), "logit_scale", 100.0))

    def close(self) -> None:
        """Encode what was submitted, and take no more."""
        self._texts.close()
        self._pictures.close()

    def _rows(
        self,
        keys: Sequence[tuple[str, str]],
        known: Sequence[Vector | None],
        submit: Callable[[int], Future[Vector]],
    ) -> Vector:
        started = time.perf_counter()
        waiting = {place: submit(place) for place, vector in enumerate(known) if vector is None}
        made = {place: future.result() for place, future in waiting.items()}
        self._metrics.vectors.labels("encoded").inc(len(made))
        self._metrics.vectors.labels("known").inc(len(known) - len(made))
        seconds = time.perf_counter() - started
        self._metrics.stages.labels("encode").observe(seconds)
        _waited.seconds = getattr(_waited, "seconds", 0.0) + seconds
        for place, vector in made.items():
            self.cache.put(keys[place], vector)
        rows = [made[place] if vector is None else vector for place, vector in enumerate(known)]
        return np.asarray(rows, np.float32).reshape(len(rows), self.dimension)
