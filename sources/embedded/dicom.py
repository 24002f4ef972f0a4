"""DICOM's descriptions, and of them only those that were asked for: what says who a patient is, is never read. Needs pydicom."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import IO, Any

from ..errors import SourceError
from .found import NOTHING, Embedded, distinct

_PREFIX = 128
#: Beside the group of patients' own data and the names of people: what leads to them. https://dicom.nema.org (PS3.15, table E.1-1)
_IDENTIFYING = ("AccessionNumber", "InstitutionName", "InstitutionAddress", "DeviceSerialNumber", "StudyID")
_PATIENTS = 0x0010


def check_tags(names: Sequence[str]) -> None:
    """Raise SourceError for names that are none of DICOM's, and for those that say who a patient is."""
    if not names:
        return
    try:
        from pydicom.datadict import dictionary_VR, tag_for_keyword
    except ImportError:
        raise SourceError(
            "descriptions of DICOM are read by pydicom, which is not installed; pip install 'clipseek[formats]'"
        ) from None
    for name in names:
        tag = tag_for_keyword(name)
        if tag is None:
            raise SourceError(f"{name!r} is no name of DICOM's; give one like SeriesDescription or BodyPartExamined")
        if tag >> 16 == _PATIENTS or dictionary_VR(tag) == "PN" or name in _IDENTIFYING:
            raise SourceError(f"{name} may say who a patient is, and is never taken as a caption")


def is_dicom(stream: IO[bytes]) -> bool:
    """True where DICOM's four letters stand behind its prefix; the stream stands at its start afterwards."""
    stream.seek(_PREFIX)
    letters = stream.read(4)
    stream.seek(0)
    return letters == b"DICM"


def read_dicom(stream: IO[bytes], names: Sequence[str]) -> Embedded:
    """The values of ``names`` as texts, in their order. What is broken says nothing."""
    from pydicom import config, dcmread

    try:
        with config.disable_value_validation():
            data = dcmread(stream, stop_before_pixels=True, specific_tags=[*names, "SpecificCharacterSet"])
        return Embedded(texts=distinct(_text(data.get(name)) for name in names))
    except Exception:  # pydicom raises what it likes on broken files; whether it is a picture is the decoder's to say
        return NOTHING


def _text(value: Any) -> str:
    if value is None or isinstance(value, (bytes, bytearray)):
        return ""
    return ", ".join(str(part) for part in value) if isinstance(value, MutableSequence) else str(value)
