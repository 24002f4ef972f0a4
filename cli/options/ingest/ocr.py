"""The options of ``clipseek ingest`` by which words in pictures are read, and the reader that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..gathering import gathered
from ..paths import FilePath

if TYPE_CHECKING:
    from clipseek.encoder import ClipEncoder
    from clipseek.encoder.ocr.reader import OcrReader


@dataclass(frozen=True)
class Ocr:
    """``wanted``: --ocr; the others say how, and need it."""

    wanted: bool = False
    languages: tuple[str, ...] = ()
    min_confidence: float | None = None
    dicom: bool = False
    model: Path | None = None


def _given(
    ocr: bool,
    ocr_languages: tuple[str, ...],
    ocr_min_confidence: float | None,
    ocr_dicom: bool,
    ocr_model: Path | None,
) -> Ocr:
    if not ocr and (ocr_languages or ocr_dicom or ocr_model or ocr_min_confidence is not None):
        raise click.UsageError("options of OCR were given without --ocr; add it")
    return Ocr(ocr, ocr_languages, ocr_min_confidence, ocr_dicom, ocr_model)


#: The command gets ``ocr``, an Ocr.
ocr_options = gathered(
    "ocr",
    _given,
    click.option(
        "--ocr",
        is_flag=True,
        help="Read the words that stand in the pictures too, and find pictures by them, also in those that the index has "
        "already, which are not encoded again. Needs: pip install 'clipseek[ocr]'.",
    ),
    click.option(
        "--ocr-language",
        "ocr_languages",
        multiple=True,
        metavar="LANGUAGE",
        help="Read only letters of this language's script: en, de, zh, ja ... Repeatable.  [default: Latin, Chinese and Japanese]",
    ),
    click.option(
        "--ocr-min-confidence",
        type=click.FloatRange(0, 1),
        metavar="SHARE",
        help="Leave out lines of which the OCR model is less sure.  [default: 0.5]",
    ),
    click.option("--ocr-dicom", is_flag=True, help="Read DICOM files too, which may have names of patients burned in."),
    click.option(
        "--ocr-model",
        type=FilePath(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Read with this PP-OCR recognition model (ONNX), for a script that the usual one does not know.",
    ),
)


def open_reader(ocr: Ocr, encoder: ClipEncoder, max_megapixels: float | None, max_megabytes: int) -> OcrReader | None:
    """The reader asked for, of pixels as ``encoder``'s bundle has them. Raises EncoderError where there is none."""
    if not ocr.wanted:
        return None
    from clipseek.encoder.ocr.options import OcrOptions
    from clipseek.encoder.ocr.reader import OcrReader

    options = OcrOptions(ocr.languages, 0.5 if ocr.min_confidence is None else ocr.min_confidence, ocr.dicom, ocr.model)
    return OcrReader(options, encoder.bundle.image.rules, max_megapixels, max_megabytes)
