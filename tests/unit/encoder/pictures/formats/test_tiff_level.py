"""A TIFF with overviews as it is sent to a worker: smaller, and read as all of it is."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from clipseek.encoder.pictures import size
from clipseek.encoder.pictures.formats.asked import Asked
from clipseek.encoder.pictures.formats.registry import BY_NAME
from clipseek.encoder.pictures.formats.task import read_here
from clipseek.encoder.pictures.formats.tiff_level import with_one_level
from clipseek.encoder.pictures.rules import Rules


def pyramid(kind: str, marks: tuple[int, ...] = (0, 1, 1, 1), **options: Any) -> bytes:
    values, stream = np.random.default_rng(5).integers(0, 200, (400, 480, 3)).astype(kind), io.BytesIO()
    with tifffile.TiffWriter(
        stream, bigtiff=options.pop("bigtiff", False), byteorder=options.pop("order", "<")
    ) as file:
        for mark in marks:
            file.write(values, subfiletype=mark, photometric="rgb", tile=(64, 64), metadata=None, **options)
            values = values[::2, ::2].copy()
    return stream.getvalue()


MADE: dict[str, Any] = {
    "plain": lambda: pyramid("u1"),
    "deep": lambda: pyramid("u2", compression="zlib"),
    "big": lambda: pyramid("u2", bigtiff=True),
    "other order": lambda: pyramid("u2", order=">"),
    "turned": lambda: pyramid("u1", extratags=[(274, 3, 1, 6, True)]),
    "no data": lambda: pyramid("u2", extratags=[(42113, 2, 2, "7", True)]),
    "jpeg": lambda: pyramid("u1", compression="jpeg"),
}


@pytest.mark.parametrize("name", MADE)
def test_one_level_is_read_as_all_of_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "LARGE", 100_000)
    data = MADE[name]()
    sent = with_one_level(data, 40, None)
    assert len(sent) < len(data) / 3
    (all_of_it,), (seen,) = (read_here(some, BY_NAME["TIFF"], Asked(Rules(), 178, 40)) for some in (data, sent))
    assert sorted(seen.picture.size) == [100, 120]
    np.testing.assert_array_equal(seen.pixels, all_of_it.pixels)
    assert (seen.width, seen.height) == (all_of_it.width, all_of_it.height)
    assert (seen.met, seen.facts) == (all_of_it.met, all_of_it.facts)


def test_what_is_no_plain_pyramid_is_sent_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "LARGE", 100_000)
    for data in (
        pyramid("u1", (0, 0, 1)),
        pyramid("u1", (1, 1)),
        pyramid("u1", (0, 1, 0)),
        pyramid("u1", (0,)),
        b"II*\0",
    ):
        assert with_one_level(data, 40, None) is data
    assert with_one_level(MADE["plain"](), None, None) == MADE["plain"]()
    for end in (900, 60_000, 300_000):  # what is cut off is said by its reader
        cut_off = MADE["plain"]()[:-end]
        assert len(with_one_level(cut_off, 40, None)) <= len(cut_off)
