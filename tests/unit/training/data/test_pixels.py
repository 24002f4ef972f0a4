"""Pictures decoded as serving decodes them, once for all runs."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.pictures.images import open_image
from clipseek.encoder.run.preprocess import resize_and_crop
from clipseek.sources import Record, read_records
from clipseek.training.data.pairs import load_pairs
from PIL import Image

from tests.pairs import write_squares

SPEC = ImageSpec(size=16, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", background=(255, 255, 255))


def record(path: Path, *captions: str, group: str | None = None) -> Record:
    return Record(id=None, image=path, captions=captions, group=group)


def test_pixels_are_those_of_serving(tmp_path: Path) -> None:
    records = write_squares(tmp_path)
    pairs = load_pairs(records, SPEC)
    assert (len(pairs), pairs.pixels.shape) == (24, (24, 16, 16, 3))
    for at in (0, 11, 23):
        served = resize_and_crop(open_image(records[at].image.read_bytes()), SPEC)
        assert (pairs.pixels[pairs.picture[at]] == served).all()
    assert pairs.captions[0] == records[0].caption


def test_a_second_run_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = write_squares(tmp_path / "a")
    bad = tmp_path / "a" / "bad.png"
    bad.write_bytes(b"no picture")
    records.append(record(bad, "bad"))
    first = load_pairs(records, SPEC, cache=tmp_path / "cache")
    assert (np.asarray(first.pixels) == load_pairs(records, SPEC).pixels).all()
    # Moved and renamed: the content counts.
    moved = [
        record(r.image.rename(tmp_path / f"moved-{at}.png"), *r.captions, group=r.group) for at, r in enumerate(records)
    ]
    monkeypatch.setattr("clipseek.training.data.pixels.open_picture", lambda *_, **__: pytest.fail("decoded again"))
    again = load_pairs(moved, SPEC, cache=tmp_path / "cache")
    assert isinstance(again.pixels, np.memmap)
    assert (again.pixels == first.pixels).all()
    assert again.captions == first.captions
    assert [reason for _, reason in again.skipped] == [reason for _, reason in first.skipped]
    assert not again.pixels.flags.writeable
    assert not list((tmp_path / "cache").glob("*.part"))


def test_other_pictures_or_other_sizes_are_decoded_anew(tmp_path: Path) -> None:
    records = write_squares(tmp_path / "a")
    load_pairs(records, SPEC, cache=tmp_path / "cache")
    Image.new("RGB", (32, 32), "pink").save(records[0].image)
    changed = load_pairs(records, SPEC, cache=tmp_path / "cache")
    assert changed.pixels[changed.picture[0]].reshape(-1, 3).tolist() == [[255, 192, 203]] * 256
    larger = ImageSpec(24, SPEC.mean, SPEC.std, SPEC.interpolation, SPEC.background)
    assert load_pairs(records, larger, cache=tmp_path / "cache").pixels.shape[1:] == (24, 24, 3)
    assert len(list((tmp_path / "cache").glob("*.u8"))) == 3


def test_pictures_in_a_tar_are_those_of_their_files(tmp_path: Path) -> None:
    records = write_squares(tmp_path / "files")
    with tarfile.open(tmp_path / "pairs.tar", "w") as archive:
        for record in records:
            archive.add(record.image, record.image.name)
            words = tmp_path / f"{record.image.stem}.txt"
            words.write_text(record.caption, "utf-8")
            archive.add(words, words.name)
    plain = load_pairs(records, SPEC)
    inside = load_pairs(read_records(tmp_path / "pairs.tar"), SPEC)
    assert inside.digests == plain.digests
    assert inside.captions == plain.captions
    assert (np.asarray(inside.pixels) == plain.pixels).all()


def test_the_cache_stays_within_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whole file for each set of pictures: a set that grew by one picture is another."""
    records = write_squares(tmp_path / "a")
    cache = tmp_path / "cache"
    monkeypatch.setattr("clipseek.training.data.pixels.MOST_BYTES", 12 * 16 * 16 * 3)
    for number in range(3, 9):
        assert len(load_pairs(records[:number], SPEC, cache=cache)) == number
    sizes = [path.stat().st_size for path in cache.glob("*.u8")]
    assert sum(sizes) <= 12 * 16 * 16 * 3
    assert max(sizes) == 8 * 16 * 16 * 3
