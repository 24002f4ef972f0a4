"""The words that stand in a picture: found, turned upright and read."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from clipseek.files.text import reason_of
from numpy.typing import NDArray

from ..device.session import available_cores
from ..pictures.crop import Crop
from ..pictures.errors import ImageError
from ..pictures.files import MAX_MEGABYTES
from ..pictures.formats.sniffing import format_of
from ..pictures.header import MAX_MEGAPIXELS
from ..pictures.images import open_picture
from ..pictures.rules import Rules
from .engine import SURELY_TURNED, engine_of, models_of
from .options import OcrOptions
from .order import Line, in_order, turn_of

#: Raised when the same picture gives another text by the rules here, so that pictures are read again.
_RULES = 1
#: The least edge, in pixels, that a large JPEG keeps: the models look at 2,000 of the longer one.
_LEAST_EDGE = 1500
#: Of a DICOM file that is not read, in place of a fingerprint.
PASSED_OVER = "dicom passed over"


class OcrReader:
    """Reads pictures, ``lanes`` of them side by side on one core each. ``rules``: by which files become pixels, as the bundle has
    them. Thread-safe.

    ``fingerprint``: 16 hex digits over the models and options, which decide a text. Raises OcrUnavailable where rapidocr is not
    installed, or a model or language is none.
    """

    def __init__(
        self,
        options: OcrOptions | None = None,
        rules: Rules | None = None,
        max_megapixels: float | None = None,
        max_megabytes: float | None = None,
    ) -> None:
        self._options, self._rules = options or OcrOptions(), rules or Rules()
        self._limits = max_megapixels or MAX_MEGAPIXELS, max_megabytes or MAX_MEGABYTES
        self.lanes = available_cores()
        self._engine, scripts = engine_of(self._options)
        digest = hashlib.sha256()
        for path in models_of(self._options):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        digest.update(repr((_RULES, scripts, self._options.min_confidence)).encode())
        self.fingerprint = digest.hexdigest()[:16]

    @property
    def marks(self) -> tuple[str, ...]:
        """Every ``mark`` that a document may have whose text is what this reader gives."""
        return (self.fingerprint,) if self._options.dicom else (self.fingerprint, PASSED_OVER)

    def mark(self, data: bytes) -> str:
        """What a document keeps beside the text of this picture: with another mark it is read again."""
        return PASSED_OVER if self._passes_over(data) else self.fingerprint

    def read(self, data: bytes, crop: Crop | None = None) -> str | None:
        """The text in the picture of a file's bytes, or in ``crop`` of it, a row a line; empty where it has none, None where it
        is passed over.

        Raises ImageError with the reason.
        """
        if self._passes_over(data):
            return None
        seen = open_picture(data, self._rules, *self._limits, reduce_to=_LEAST_EDGE, crop=crop)
        try:
            return "\n".join(in_order(self._lines(np.asarray(seen.picture.convert("RGB"))[:, :, ::-1])))
        except Exception as problem:  # of cv2, of onnxruntime, of rapidocr: they share no base but Exception
            raise ImageError(f"its text cannot be read: {reason_of(problem)}") from problem

    def _passes_over(self, data: bytes) -> bool:
        known = None if self._options.dicom else format_of(data)
        return known is not None and known.name == "DICOM"

    def _lines(self, pixels: NDArray[np.uint8]) -> list[Line]:
        """``pixels``: (H, W, 3) uint8, blue first."""
        image, done = self._engine.preprocess_img(np.ascontiguousarray(pixels))
        found, classes, read, _ = self._engine.run_ocr_steps(image, done)
        if found.boxes is None or not read.txts:
            return []
        lines = []
        for box, (side, sure), text, confidence in zip(
            found.boxes, classes.cls_res, read.txts, read.scores, strict=True
        ):
            if text.strip() and confidence >= self._options.min_confidence:
                upside_down = "180" in side and sure > SURELY_TURNED
                lines.append(Line(text.strip(), box.astype(np.float64), turn_of(*_sides(box), upside_down)))
        return lines


def _sides(box: NDArray[Any]) -> tuple[float, float]:
    """Width and height of a box of corners (4, 2): top left, top right, bottom right, bottom left."""
    sides = np.linalg.norm(box - np.roll(box, -1, axis=0), axis=1)
    return float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))
