"""A bundle's vectors for the pairs that a checkpoint is scored on, so that an export can be compared with its source."""

from __future__ import annotations

from itertools import islice

import numpy as np
from clipseek.encoder import ClipEncoder, Picture
from clipseek.training.data.pairs import Pairs
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def embed_with_bundle(encoder: ClipEncoder, pairs: Pairs, window: int = 256) -> tuple[Vectors, Vectors]:
    """Vectors of the N captions and of the P distinct pictures, float32 unit rows, as ``embed_distinct`` gives them.

    ``pairs`` were loaded for the bundle's own ImageSpec.
    """
    size = encoder.bundle.image.size
    used = iter(pairs.shown_pictures()[0].tolist())
    rows = [np.empty((0, encoder.dimension), np.float32)]
    while chosen := list(islice(used, window)):
        pictures = [Picture(pairs.pixels[row], size, size) for row in chosen]
        rows.append(encoder.encode_pictures(pictures))
    return encoder.encode_texts(pairs.captions), np.concatenate(rows)
