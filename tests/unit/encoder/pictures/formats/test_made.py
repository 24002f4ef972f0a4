"""Every made picture of every format and depth, read as every command reads it, against what numpy says a viewer shows."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import numpy as np
import pytest
from clipseek.cli.reference_formats import DEPTHS
from clipseek.encoder.pictures.formats.registry import FORMATS
from clipseek.encoder.pictures.formats.sniffing import format_of
from clipseek.encoder.pictures.images import open_picture

from tests.made import dicoms, others, pillows, tiffs
from tests.made.scene import Sample

SAMPLES = list(itertools.chain(pillows.samples(), tiffs.samples(), dicoms.samples(), others.samples()))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_made_picture_is_seen_as_numpy_says(sample: Sample) -> None:
    data = sample.make()
    known = format_of(data)
    assert known is not None
    assert known.name == sample.format
    seen = open_picture(data, sample.rules)
    assert seen.pixels.shape == sample.shown.shape
    assert (seen.width, seen.height) == (sample.shown.shape[1], sample.shown.shape[0])
    difference = np.abs(seen.pixels.astype(np.int16) - sample.shown).mean()
    assert difference <= sample.within, seen.facts


def test_every_format_has_a_made_picture() -> None:
    made = Counter(sample.format for sample in SAMPLES)
    assert {known.name for known in FORMATS} == made.keys()
    assert len(SAMPLES) >= 300


def test_names_are_unique() -> None:
    assert [name for name, number in Counter(sample.name for sample in SAMPLES).items() if number > 1] == []


#: Rows of docs/reference/formats.md and the made pictures of each, by their names; scenes beyond those are in test_large.py.
OF_ROWS = {
    "8 bits and fewer": r"1 bit|uint8",
    "unsigned, more than 8 bits": r"1[024] in 16|uint16",
    "signed, floats, 32 bits": r"int32|float",
    "a DICOM grey": r"DICOM (window|rescale|VOI table|padding)",
    "no-data values": r"no-data|not-a-number",
    "MINISWHITE, MONOCHROME1": r"MINISWHITE|MONOCHROME1",
    "CMYK, Lab, YCbCr, profiles, cICP, gAMA": r"CMYK|YBR",
    "transparency": r"RGBA|alpha",
    "many bands": r"5 bands",
    "pages, levels": r"thumbnail",
    "frames, slices": r"frames|slice",
}


def test_every_row_of_the_table_has_made_pictures() -> None:
    assert {what for what, _ in DEPTHS} - OF_ROWS.keys() == {"large scenes"}
    names = [sample.name for sample in SAMPLES]
    assert [row for row, name in OF_ROWS.items() if not any(re.search(name, one) for one in names)] == []
