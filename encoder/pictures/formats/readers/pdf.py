"""PDF pages by pypdfium2 (PDFium), drawn at DOTS to an inch, with a longer side between LEAST and MOST pixels."""

from __future__ import annotations

import numpy as np
import pypdfium2

from ...errors import ImageError
from ...pixels.decoded import Decoded
from ..asked import Asked

DOTS = 144
LEAST, MOST = 1024, 2048


def pages(data: bytes) -> range:
    """The numbers of its pages."""
    document = _opened(data)
    try:
        return range(1, len(document) + 1)
    finally:
        document.close()


def read(data: bytes, asked: Asked) -> Decoded:
    """The first page, or the one that is asked for, on white."""
    document = _opened(data)
    try:
        number = asked.index(len(document), "page")
        try:
            page = document[number]
            width, height = page.get_size()
            longer = max(width, height, 1.0)
            scale = min(max(DOTS / 72, LEAST / longer), MOST / longer)
            bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
        except pypdfium2.PdfiumError as problem:
            raise ImageError(f"PDFium cannot draw its page {number + 1}: {problem}") from None
        values = np.array(bitmap.to_numpy())
        if values.ndim == 2:
            values = values[..., None]
        return Decoded(
            values[..., :3] if values.shape[2] > 3 else values,
            "rgb" if values.shape[2] >= 3 else "grey",
            bits=8,
            format="PDF",
            met=frozenset({"format.pdf", "pages"}),
            facts=(f"page {number + 1} of {len(document)}",),
        )
    finally:
        document.close()


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as problem:
        why = "it needs a password" if "password" in str(problem).lower() else str(problem)
        raise ImageError(f"PDFium refuses it: {why}") from None
    if not len(document):
        document.close()
        raise ImageError("a PDF without pages")
    return document
