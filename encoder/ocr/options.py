"""What is asked of OCR."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import OcrUnavailable


@dataclass(frozen=True)
class OcrOptions:
    """``languages``: in whose letters words are read, in all that the model knows without any; ``min_confidence``: of a line, from
    which on it is kept, 0 to 1; ``dicom``: whether DICOM files are read too, which may have names burned in; ``model``: a PP-OCR
    recognition model (ONNX) in place of rapidocr's own. Raises OcrUnavailable.
    """

    languages: tuple[str, ...] = ()
    min_confidence: float = 0.5
    dicom: bool = False
    model: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise OcrUnavailable(f"confidence {self.min_confidence:g} cannot be used; give 0 to 1")
