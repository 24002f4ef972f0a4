"""Samples of the user's own, and what becomes of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.sources import Record
from PIL import Image

from tests.models import quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.samples import made_samples, samples_from
    from clipseek.training.errors import UnusableData

pytestmark = pytest.mark.train


def test_own_samples_are_compared_too(checkpoint: Path, tmp_path: Path) -> None:
    records = []
    for at in range(3):
        path = tmp_path / f"{at}.jpg"
        Image.new("RGB", (50 + at, 40), (80 * at, 10, 200)).save(path)
        records.append(Record(id=None, image=path, captions=(f"picture {at}",)))
    (tmp_path / "bad.jpg").write_bytes(b"text")
    records.insert(0, Record(id=None, image=tmp_path / "bad.jpg", captions=("never seen",)))
    samples = samples_from(records, "mine")
    assert len(samples.pictures) == 3
    assert samples.captions == ("picture 0", "picture 1", "picture 2")
    made = made_samples(32, 24)
    parity = export_bundle(str(checkpoint), tmp_path / "bundle", samples=samples).passport["parity"]
    assert parity["pictures"] == 3 + len(made.pictures)
    assert parity["texts"] == 3 + len(made.captions)
    assert parity["samples"] == "mine and made pictures"


def test_samples_without_a_usable_picture_are_refused(tmp_path: Path) -> None:
    record = Record(id=None, image=tmp_path / "gone.jpg", captions=("a",))
    with pytest.raises(UnusableData, match=r"gone\.jpg: no such file"):
        samples_from([record], "mine")
    with pytest.raises(UnusableData, match="it has no pictures"):
        samples_from([], "mine")
