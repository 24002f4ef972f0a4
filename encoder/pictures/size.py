"""Which pictures are read at a fraction of their size: by the picture's size alone, the same in training, ingest and search."""

from __future__ import annotations

#: A picture of so many pixels is read at a fraction that keeps MARGIN times the model's edge on both sides, where its file allows
#: it: a JPEG at a half, a quarter or an eighth, a PNG by bands of rows, a JPEG 2000 by its resolutions, a TIFF by a reduced copy
#: that it holds. Smaller ones are read whole.
LARGE, MARGIN = 16_000_000, 2


def least_edge(width: int, height: int, edge: int | None, reduce_to: int | None) -> int | None:
    """What both sides are to keep, in pixels; None: all of it. edge: of the model; reduce_to: asked for whatever the size."""
    if edge is None or width * height < LARGE:
        return reduce_to
    return MARGIN * edge if reduce_to is None else min(reduce_to, MARGIN * edge)
