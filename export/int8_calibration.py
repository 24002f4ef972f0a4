"""The pairs that static int8 measures its ranges on: pictures and captions of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder.bundle.bundle import PIXELS, ImageSpec, TextSpec
from clipseek.encoder.run.tokenizer import TextTokenizer
from clipseek.training.data.pairs import Pairs

MOST = 256  # pictures, and captions
BATCH = 16


@dataclass(frozen=True)
class Int8Calibration:
    """Pairs of ``source``, read by ``load`` for a model's pictures; not those that a gate judges by."""

    source: str
    load: Callable[[ImageSpec], Pairs]


def picture_inputs(pairs: Pairs) -> Iterator[dict[str, Any]]:
    """Batches for a picture tower: at most MOST distinct pictures, spread over all."""
    for rows in _batches(pairs.shown_pictures()[0]):
        yield {PIXELS: np.stack([pairs.pixels[row] for row in rows.tolist()])}


def text_inputs(pairs: Pairs, tokenizer_json: Path, spec: TextSpec) -> Iterator[dict[str, Any]]:
    """Batches for a text tower: at most MOST captions, spread over all."""
    tokenizer = TextTokenizer(tokenizer_json, spec)
    for rows in _batches(np.arange(len(pairs.captions))):
        ids, mask = tokenizer.pad(tokenizer.encode([pairs.captions[row] for row in rows.tolist()])[0])
        yield {"input_ids": ids, "attention_mask": mask}


def _batches(rows: Any) -> list[Any]:
    chosen = rows[np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(np.int64)]
    return [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
