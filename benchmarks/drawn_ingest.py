"""``clipseek`` whose model encodes one batch and whose further vectors are drawn: ``python benchmarks/drawn_ingest.py ingest ...``.

For benchmarks of what an ingest costs besides the model, with its sessions in memory as ever.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from clipseek.cli.main import main
from clipseek.encoder import ClipEncoder, Picture
from numpy.typing import NDArray

_encode, _drawn = ClipEncoder.encode_pictures, np.random.default_rng(0)


def encode_pictures(self: ClipEncoder, pictures: Sequence[Picture]) -> NDArray[np.float32]:
    """Unit vectors, as the model's are."""
    global _first
    if not _first:
        _first = True
        return _encode(self, pictures)
    rows = _drawn.normal(size=(len(pictures), self.dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


_first = False
ClipEncoder.encode_pictures = encode_pictures  # type: ignore[method-assign]
if __name__ == "__main__":
    main()
