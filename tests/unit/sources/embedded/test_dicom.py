from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.sources import CaptionsFrom, SourceError, read_records
from clipseek.sources.embedded.file import read_file
from clipseek.sources.embedded.found import NOTHING

pydicom = pytest.importorskip("pydicom")


def scan(path: Path) -> Path:
    """A DICOM file with descriptions and a patient, without pixels."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientName, made.PatientID, made.AccessionNumber = "Doe^Jane", "4711", "A1"
    made.StudyDescription, made.SeriesDescription = "Thorax für Kontrolle", "lung window"
    made.ImageComments = "taken of Jane Doe"
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    made.save_as(path, enforce_file_format=True)
    return path


def test_nothing_is_read_unless_it_was_asked_for(tmp_path: Path) -> None:
    scan(tmp_path / "a.dcm")
    assert read_file(tmp_path / "a.dcm") == (NOTHING, [])


def test_what_was_asked_for_in_its_order(tmp_path: Path) -> None:
    scan(tmp_path / "a.dcm")
    found, problems = read_file(
        tmp_path / "a.dcm", ("SeriesDescription", "StudyDescription", "BodyPartExamined", "ImageType")
    )
    assert not problems
    assert found.captions == ("lung window", "Thorax für Kontrolle", "ORIGINAL, PRIMARY")
    assert "Jane" not in repr(found)


@pytest.mark.parametrize("how", ["auto", "embedded"])
def test_as_captions_of_a_manifest(tmp_path: Path, how: CaptionsFrom) -> None:
    scan(tmp_path / "a.dcm")
    (tmp_path / "m.tsv").write_text("image\tcaption\na.dcm\t\n")
    (record,) = read_records(tmp_path / "m.tsv", captions=how, dicom_tags=("SeriesDescription",))
    assert record.captions == ("lung window",)


@pytest.mark.parametrize(
    "name",
    ["PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName", "OtherPatientIDs"],
)
def test_who_a_patient_is_is_never_a_caption(tmp_path: Path, name: str) -> None:
    scan(tmp_path / "a.dcm")
    with pytest.raises(SourceError, match="may say who a patient is"):
        list(read_records(tmp_path, dicom_tags=("SeriesDescription", name)))


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'Series' is no name of DICOM's"):
        list(read_records(tmp_path, dicom_tags=("Series",)))


def test_a_broken_file_says_nothing(tmp_path: Path) -> None:
    data = scan(tmp_path / "a.dcm").read_bytes()
    for size in range(132, len(data), 11):
        (tmp_path / "b.dcm").write_bytes(data[:size])
        read_file(tmp_path / "b.dcm", ("SeriesDescription",))
