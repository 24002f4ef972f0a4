from __future__ import annotations

import io
import logging
import sys
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.errors import ImageError, OcrUnavailable
from clipseek.encoder.ocr.engine import models_of
from clipseek.encoder.ocr.options import OcrOptions
from clipseek.encoder.ocr.reader import PASSED_OVER, OcrReader
from PIL import Image

from tests.signs import sign


@pytest.fixture(scope="module")
def reader() -> OcrReader:
    return OcrReader()


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_words_are_read_in_their_order_however_the_picture_is_turned(reader: OcrReader, turned: int) -> None:
    lines = ["Harbour ferry 4711", "Platform closed"]
    assert reader.read(sign(lines, turned=turned)) == "\n".join(lines)


def test_a_picture_without_words_has_none_and_one_of_one_pixel_too(reader: OcrReader) -> None:
    for size in ((300, 200), (1, 1)):
        file = io.BytesIO()
        Image.new("RGB", size, (90, 120, 200)).save(file, "PNG")
        assert reader.read(file.getvalue()) == ""


def test_a_broken_file_is_refused_with_the_reason(reader: OcrReader) -> None:
    with pytest.raises(ImageError, match="not an image"):
        reader.read(b"no picture at all")


def test_lines_below_the_asked_confidence_are_left_out() -> None:
    data = sign(["Harbour"])
    sure, unsure = OcrReader(OcrOptions(min_confidence=1.0)), OcrReader(OcrOptions(min_confidence=0.0))
    assert (sure.read(data), unsure.read(data)) == ("", "Harbour")
    assert sure.fingerprint != unsure.fingerprint
    with pytest.raises(OcrUnavailable, match="give 0 to 1"):
        OcrOptions(min_confidence=1.5)


def test_a_language_leaves_out_letters_of_other_scripts_and_an_unknown_one_is_refused() -> None:
    every, latin = OcrReader(), OcrReader(OcrOptions(languages=("de",)))
    characters = every._engine._load_rec_model().postprocess_op.character
    allowed = ~latin._engine._load_rec_model().postprocess_op._none
    kept = {one for one, is_kept in zip(characters, allowed, strict=True) if is_kept}
    assert {"ä", "ß", "Z", "7", "!", "blank"} <= kept
    assert not {"中", "の", "カ"} & kept
    assert {"中", "の", "カ"} <= set(characters)
    assert latin.read(sign(["Gate 7"])) == "Gate 7"
    assert every.fingerprint != latin.fingerprint
    with pytest.raises(OcrUnavailable, match=r"'ru' is not read by the model that rapidocr brings.*--ocr-model"):
        OcrReader(OcrOptions(languages=("ru",)))


def test_another_recognition_model_is_taken_from_its_file(tmp_path: Path) -> None:
    _, _, own = models_of(OcrOptions())
    (tmp_path / "other.onnx").write_bytes(own.read_bytes())
    assert OcrReader(OcrOptions(model=tmp_path / "other.onnx")).read(sign(["Harbour"])) == "Harbour"
    (tmp_path / "broken.onnx").write_bytes(b"none")
    with pytest.raises(OcrUnavailable, match=r"broken\.onnx"):
        OcrReader(OcrOptions(model=tmp_path / "broken.onnx"))


def test_dicom_is_passed_over_unless_asked(reader: OcrReader) -> None:
    data = _dicom(sign(["DOE JOHN 1970"]))
    assert (reader.read(data), reader.mark(data)) == (None, PASSED_OVER)
    asked = OcrReader(OcrOptions(dicom=True))
    assert (asked.read(data), asked.mark(data)) == ("DOE JOHN 1970", asked.fingerprint)
    # The pictures that are no DICOM are not read again for it.
    assert asked.fingerprint == reader.fingerprint
    assert (PASSED_OVER in reader.marks, PASSED_OVER in asked.marks) == (True, False)


def test_nothing_is_logged(reader: OcrReader, capfd: pytest.CaptureFixture[str]) -> None:
    OcrReader().read(sign(["Harbour"]))
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("RapidOCR").isEnabledFor(logging.WARNING)


def test_without_rapidocr_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(OcrUnavailable, match=r"pip install 'clipseek\[ocr\]'"):
        OcrReader()


def test_one_onnxruntime_is_installed_and_none_comes_with_rapidocr() -> None:
    names = {(one.metadata["Name"] or "").lower() for one in distributions()}
    assert len({name for name in names if name in ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")}) == 1
    assert "rapidocr-onnxruntime" not in names
    requires = next(one for one in distributions() if one.metadata["Name"] == "rapidocr").requires or []
    assert not [line for line in requires if line.startswith("onnxruntime")]


def _dicom(png: bytes) -> bytes:
    """A secondary capture with the grey values of ``png``."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = pydicom.Dataset()
    file.file_meta = meta
    file.SOPClassUID, file.SOPInstanceUID = SecondaryCaptureImageStorage, meta.MediaStorageSOPInstanceUID
    file.Rows, file.Columns = pixels.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 8
    file.HighBit, file.PixelRepresentation = 7, 0
    file.PixelData = pixels.tobytes() + b"\0" * (pixels.size % 2)
    written = io.BytesIO()
    pydicom.dcmwrite(written, file, enforce_file_format=True)
    return written.getvalue()
