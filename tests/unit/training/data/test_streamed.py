"""Pictures decoded as training goes: the same pixels, steps and weights, and nothing read before the first step."""

from __future__ import annotations

import io
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.sources import Record, read_records
from clipseek.training.data.pairs import Pairs, load_pairs, stream_pairs
from clipseek.training.data.streamed import Streamed
from clipseek.training.errors import UnusableData

from tests.models import make_tiny_clip
from tests.pairs import write_squares

SPEC = ImageSpec(size=16, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", background=(255, 255, 255))


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    return write_squares(tmp_path / "squares", copies=2)


def streamed(pairs: Pairs) -> Streamed:
    assert isinstance(pairs.pixels, Streamed)
    return pairs.pixels


@pytest.mark.parametrize("kept", [False, True])
def test_the_pixels_are_those_that_are_decoded_at_once(records: list[Record], tmp_path: Path, kept: bool) -> None:
    again = Record(None, records[3].image, ("once more",), "other")
    broken = tmp_path / "broken.png"
    broken.write_bytes(records[0].image.read_bytes()[:60])
    mixed = [*records, again, Record(None, broken, ("broken",))]
    whole, pairs = load_pairs(mixed, SPEC), stream_pairs(mixed, SPEC, tmp_path / "cache" if kept else None)
    assert not streamed(pairs).content
    assert pairs.picture[-2] == pairs.picture[3]
    for rows in ([5, 0, 5], list(range(len(whole)))):
        assert (pairs.pixels[pairs.picture[rows]] == whole.pixels[whole.picture[rows]]).all()
    assert (pairs.pixels[int(pairs.picture[-1])] == 0).all()
    assert [Path(name).name for name, _ in streamed(pairs).unreadable()] == ["broken.png"]
    decoded = pairs.decoded()
    assert (decoded.captions, decoded.fingerprint()) == (whole.captions, whole.fingerprint())
    assert bool(list((tmp_path).glob("cache/*.u8"))) is kept


def test_what_is_kept_is_not_read_again(records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stream_pairs(records, SPEC, tmp_path / "cache")
    pixels = first.pixels[first.picture]
    streamed(first).note()
    monkeypatch.setattr("clipseek.training.data.streamed.read_picture", lambda *_: pytest.fail("read again"))
    second = stream_pairs(records, SPEC, tmp_path / "cache")
    assert (second.pixels[second.picture] == pixels).all()
    assert streamed(second).content == streamed(first).content


def test_the_cache_keeps_what_was_used_last(
    records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = SPEC.size * SPEC.size * 3
    monkeypatch.setattr("clipseek.training.data.streamed.MOST_BYTES", 12 * size)
    for number in (5, 6, 5, 7):  # 5 was used after 6
        stream_pairs(records[:number], SPEC, tmp_path / "cache")
        time.sleep(0.02)
    assert sorted(path.stat().st_size for path in tmp_path.glob("cache/*.u8")) == [5 * size, 7 * size]


def test_above_a_limit_nothing_is_laid_out(records: list[Record], tmp_path: Path) -> None:
    paths = [record.image for record in records]
    stream = Streamed(paths, SPEC, tmp_path / "cache", kept=1000)
    assert (stream[[0, 1]] == load_pairs(records[:2], SPEC).pixels).all()
    assert not (tmp_path / "cache").exists()


def test_tar_shards_are_streamed(records: list[Record], tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "pairs.tar", "w") as archive:
        for number, record in enumerate(records):
            for suffix, data in (("png", record.image.read_bytes()), ("txt", record.caption.encode())):
                member = tarfile.TarInfo(f"{number:04}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    pairs = stream_pairs(read_records(tmp_path / "pairs.tar"), SPEC)
    whole = load_pairs(records, SPEC)
    assert pairs.captions == whole.captions
    assert (pairs.pixels[pairs.picture] == whole.pixels[whole.picture]).all()


@pytest.mark.train
@pytest.mark.parametrize("augment", [True, False])
def test_training_is_the_same_and_begins_before_anything_is_measured(
    records: list[Record], tmp_path: Path, augment: bool
) -> None:
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.trained_on import read_marks
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train

    base = str(make_tiny_clip(tmp_path / "base"))
    image = load_checkpoint(base).image
    learn, held = records[:36], records[36:]
    config = TrainConfig(
        base=base, epochs=2, batch_size=8, learning_rate=1e-3, precision="fp32", augment=augment, interpolate=True
    )
    events: dict[str, list[dict[str, Any]]] = {"whole": [], "streamed": []}
    for name, read in (("whole", load_pairs), ("streamed", stream_pairs)):
        pairs, validation = read(learn, image), read(held, image)
        train(config, pairs, tmp_path / name, validation=validation, on_event=events[name].append)
    losses = [[event["loss"] for event in own if event["event"] == "step"] for own in events.values()]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 8
    kinds = [event["event"] for event in events["streamed"]]
    assert kinds.index("step") < kinds.index("validation")
    ends = [{k: v for k, v in own[-1].items() if "second" not in k} for own in events.values()]
    assert ends[0] == ends[1]
    all_of_them, seen = (read_marks(tmp_path / name / "best") for name in ("whole", "streamed"))
    assert np.isin(seen, all_of_them).all()
    assert 32 <= len(seen) <= len(all_of_them) == 36  # an epoch of 36 leaves four pairs out


@pytest.mark.train
def test_what_cannot_be_read_is_replaced_by_the_next_pair_and_said(records: list[Record], tmp_path: Path) -> None:
    from clipseek.training.config import TrainConfig
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train

    base = str(make_tiny_clip(tmp_path / "base"))
    records[3].image.write_bytes(b"no picture")
    image = load_checkpoint(base).image
    events: list[dict[str, Any]] = []
    for lock in ("none", "both"):
        config = TrainConfig(base=base, epochs=1, batch_size=8, learning_rate=1e-3, precision="fp32", lock=lock)
        pairs = stream_pairs(records[:36], image)
        train(config, pairs, tmp_path / lock, validation=stream_pairs(records[36:], image), on_event=events.append)
        said = [event for event in events if event["event"] == "unreadable"]
        assert [Path(name).name for name, _ in said[-1]["files"]] == [records[3].image.name]
    for record in records:
        record.image.write_bytes(b"no picture")
    with pytest.raises(UnusableData, match="in a row cannot be read"):
        train(config, stream_pairs(records[:36], image), tmp_path / "none-left", validation=pairs)


@pytest.mark.train
def test_steps_on_features_decode_nothing_again(
    records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clipseek.training.config import TrainConfig
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.batch import make_batches
    from clipseek.training.step.distributed import World

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path / "base")))
    records[3].image.write_bytes(b"no picture")
    pairs = stream_pairs(records, checkpoint.image)
    config = TrainConfig(batch_size=len(records), lock="both")
    maker = make_batches(config, checkpoint, pairs, None, World(), "fp32", lambda event: None)
    assert list(streamed(pairs).problems) == [3]
    monkeypatch.setattr("clipseek.training.data.streamed.read_picture", lambda *_: pytest.fail("read again"))
    assert len(maker.make(0)) == len(records)


def test_held_out_by_reduced_pictures_which_are_kept(records: list[Record], tmp_path: Path) -> None:
    from clipseek.training.data.split import split_pairs

    pairs = stream_pairs(records, SPEC, tmp_path / "cache")
    seen: list[tuple[int, int]] = []
    learn, held = split_pairs(pairs, 0.3, 0, lambda done, of: seen.append((done, of)))
    whole = load_pairs(records, SPEC)
    assert (learn, held) == split_pairs(whole, 0.3, 0)
    assert seen[-1] == (len(records), len(records))
    again = stream_pairs(records, SPEC, tmp_path / "cache")
    assert split_pairs(again, 0.3, 0, lambda *_: pytest.fail("compared again")) == (learn, held)
    assert not streamed(again).content
    stored = [streamed(again).appearances(list(range(start, 48, 2)), lambda *_: None) for start in (0, 1)]
    assert not np.array_equal(stored[0][1], stored[1][1])  # as many pictures, and others
    assert np.asarray(again.pixels.shape).tolist() == [48, 16, 16, 3]
