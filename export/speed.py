"""How fast a bundle encodes on this machine, on batches of real size: figures to choose a precision by."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder, Picture

BATCH = 32
ROUNDS = 7
WORDS = "a small red house beside two tall trees on a green hill under the evening sun".split()  # noqa: SIM905


@dataclass(frozen=True)
class Speed:
    """Medians over ROUNDS: pictures and captions a second in batches of 32, and one query's milliseconds."""

    pictures_per_second: float
    texts_per_second: float
    query_ms: float

    def seconds(self) -> float:
        """For one picture and one caption: what candidates are ordered by."""
        return 1 / self.pictures_per_second + 1 / self.texts_per_second

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def measure(bundles: Sequence[Bundle]) -> list[Speed]:
    """One Speed for each bundle, where ``--device auto`` runs it here. They take turns, so that the machine's other load slows all
    of them alike.

    Pictures are decoded ones of the model's size, captions 6 to 15 words.
    """
    runs = [_runs(bundle) for bundle in bundles]
    seconds: list[list[list[float]]] = [[[] for _ in kinds] for kinds in runs]
    for turn in range(ROUNDS + 1):
        for kinds, times in zip(runs, seconds, strict=True):
            for run, measured in zip(kinds, times, strict=True):
                started = time.perf_counter()
                run()
                if turn:  # the first loads the tower and allocates its memory
                    measured.append(time.perf_counter() - started)
    medians = [[statistics.median(measured) for measured in times] for times in seconds]
    return [Speed(BATCH / pictures, BATCH / texts, 1000 * query) for pictures, texts, query in medians]


def _runs(bundle: Bundle) -> list[Callable[[], Any]]:
    """A batch of pictures, a batch of captions, and one query."""
    encoder = ClipEncoder(bundle, batch_size=BATCH)
    size = bundle.image.size
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), np.uint8)
    pictures = [Picture(picture, size, size) for picture in pixels]
    captions = [" ".join(WORDS[: 6 + row % 10]) for row in range(BATCH)]
    return [
        partial(encoder.encode_pictures, pictures),
        partial(encoder.encode_texts, captions),
        partial(encoder.encode_texts, ["a small red house"]),
    ]
