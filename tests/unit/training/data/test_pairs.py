"""From records to pairs: decoding, the cache, skips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.pictures.images import open_image
from clipseek.encoder.run.preprocess import resize_and_crop
from clipseek.sources import Record
from clipseek.training.data.pairs import Pairs, check_usable, joint_keys, load_pairs
from clipseek.training.errors import UnusableData

from tests.pairs import write_squares

SPEC = ImageSpec(size=16, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", background=(255, 255, 255))


def record(path: Path, *captions: str, group: str | None = None) -> Record:
    return Record(id=None, image=path, captions=captions, group=group)


def test_what_cannot_be_used_is_listed_and_the_rest_stays_aligned(tmp_path: Path) -> None:
    records = write_squares(tmp_path)[:4]
    broken, text = tmp_path / "broken.png", tmp_path / "text.jpg"
    broken.write_bytes(records[0].image.read_bytes()[:60])
    text.write_text("hello")
    mixed = [
        record(broken, "broken"),
        records[0],
        record(text, "text"),
        record(tmp_path / "absent.png", "absent"),
        record(records[1].image, " "),
        records[2],
    ]
    pairs = load_pairs(mixed, SPEC)
    assert pairs.captions == [records[0].caption, records[2].caption]
    served = resize_and_crop(open_image(records[2].image.read_bytes()), SPEC)
    assert (pairs.pixels[pairs.picture[1]] == served).all()
    reasons = {Path(name).name: reason for name, reason in pairs.skipped}
    assert set(reasons) == {"broken.png", "text.jpg", "absent.png", records[1].image.name}
    assert reasons["absent.png"] == "no such file"
    assert reasons[records[1].image.name] == "no caption"


def test_nothing_usable_names_the_first_reason(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match=r"no usable pair among 1 records; the first: .*gone.png: no such file"):
        load_pairs([record(tmp_path / "gone.png", "x")], SPEC)
    with pytest.raises(UnusableData, match="among 0 records"):
        load_pairs([], SPEC)


def test_several_captions_and_equal_files_share_their_pixels(tmp_path: Path) -> None:
    records = write_squares(tmp_path)[:2]
    twin = tmp_path / "twin.png"
    twin.write_bytes(records[0].image.read_bytes())
    pairs = load_pairs([record(records[0].image, "a", "b"), record(records[1].image, "c"), record(twin, "d")], SPEC)
    assert pairs.captions == ["a", "b", "c", "d"]
    assert pairs.picture.tolist() == [0, 0, 1, 0]
    assert len(pairs.pixels) == 2
    assert (pairs.truth().captions, pairs.truth().pictures) == (4, 2)


def test_keys_over_several_sets(tmp_path: Path) -> None:
    first, second = (load_pairs(write_squares(tmp_path / name)[:2], SPEC) for name in "ab")
    keys = joint_keys(first, second)
    assert keys.shape == (4, 3)
    assert (keys[0] == keys[2]).all()
    assert (keys[0] != keys[1]).all()


def test_fingerprint_is_of_content(tmp_path: Path) -> None:
    one = load_pairs(write_squares(tmp_path / "a"), SPEC)
    two = load_pairs(write_squares(tmp_path / "b"), SPEC)
    assert one.fingerprint() == two.fingerprint()
    assert one.fingerprint() != one.take(list(range(23))).fingerprint()
    renamed = Pairs(one.pixels, one.digests, one.picture, ["other", *one.captions[1:]], one.groups)
    assert one.fingerprint() != renamed.fingerprint()


def test_data_that_teaches_nothing_is_refused() -> None:
    def pairs(captions: list[str], groups: list[str], picture: list[int]) -> Pairs:
        return Pairs(np.zeros((9, 1, 1, 3), np.uint8), list("abcdefghi"), np.array(picture), captions, groups)

    check_usable(pairs(["a", "b"], ["g", "h"], [0, 1]))
    with pytest.raises(UnusableData, match="1 pair to train on"):
        check_usable(pairs(["a"], ["g"], [0]))
    with pytest.raises(UnusableData, match="no pairs to train on"):
        check_usable(pairs([], [], []))
    with pytest.raises(UnusableData, match="all 2 captions are equal"):
        check_usable(pairs(["a", " A "], ["g", "h"], [0, 1]))
    with pytest.raises(UnusableData, match="of group 'g'"):
        check_usable(pairs(["a", "b"], ["g", "g"], [0, 1]))
    with pytest.raises(UnusableData, match="show one picture"):
        check_usable(pairs(["a", "b"], ["g", "h"], [3, 3]))
