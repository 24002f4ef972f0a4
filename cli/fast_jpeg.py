"""``ingest --fast-jpeg``: measure on a source's own pictures whether large JPEGs may be decoded at a fraction of their size."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from .output import note

if TYPE_CHECKING:
    from clipseek.encoder import ClipEncoder

#: Files in which large JPEGs are looked for, and the largest that is.
LOOKED_AT, LARGEST = 500, 64_000_000


def choose_decoding(encoder: ClipEncoder, entries: Iterable[object]) -> None:
    """Measure on the first large JPEGs of the source whether they may be decoded at a fraction of their size."""
    from clipseek.encoder.run.fast_jpeg import ENOUGH, LEAST_COSINE, choose_margin, reducible
    from clipseek.opensearch.ingest.files import Unreadable, read_file
    from clipseek.sources import Record

    samples: list[bytes] = []
    for entry in islice(entries, LOOKED_AT):
        if isinstance(entry, Record) and len(samples) < ENOUGH:
            with contextlib.suppress(Unreadable):
                data = read_file(entry.image, LARGEST)
                if reducible(encoder, data):
                    samples.append(data)
    found = choose_margin(encoder, samples)
    if not samples:
        note(f"no large JPEG among the first {LOOKED_AT} files: all are decoded whole")
    elif found.margin is None:
        note(
            f"JPEGs are decoded whole: at a fraction of their size {found.pictures} of them have cosines down to "
            f"{found.cosine:.4f}, expected {LEAST_COSINE}, {found.speedup:.1f} times as fast"
        )
    else:
        note(
            f"JPEGs are decoded at a fraction of their size by {found.decoder}: {found.speedup:.1f} times as fast, cosine at least "
            f"{found.cosine:.4f} on {found.pictures} of them"
        )
