"""Which pictures are read at a fraction of their size: by the picture's size alone, the same in training, ingest and search."""

from __future__ import annotations

#: A picture of so many pixels is read at a fraction that keeps MARGIN times the model's edge on both sides, where its file allows
#: it: a JPEG at a half, a quarter or an eighth, a JPEG 2000 by its resolutions, a TIFF by a reduced copy in it; what is still large
#: by a whole number, band by band. Smaller ones are read whole.
LARGE, MARGIN = 16_000_000, 2


def is_large(width: int, height: int) -> bool:
    """Of a picture, or of what is to be decoded of it."""
    return width * height >= LARGE


def least_edge(width: int, height: int, edge: int | None, reduce_to: int | None) -> int | None:
    """What both sides are to keep, in pixels; None: all of it. edge: of the model; reduce_to: asked for whatever the size."""
    if edge is None or not is_large(width, height):
        return reduce_to
    return MARGIN * edge if reduce_to is None else min(reduce_to, MARGIN * edge)


def factor_of(width: int, height: int, least: int | None) -> int:
    """By which whole number a large picture is reduced so that both sides keep ``least`` pixels; 1: not at all."""
    return 1 if least is None else max(1, min(width, height) // max(1, least))
