"""What a training would do, said before it does: the same numbers as the training itself has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clipseek.sources import MalformedSource, Record, Skipped
from clipseek.training.config import TrainConfig
from clipseek.training.data.pairs import load_pairs
from clipseek.training.model.checkpoint import load_checkpoint
from clipseek.training.run.outlook import outlook, read
from clipseek.training.run.recipes import from_recipe
from clipseek.training.run.setup import auto_share, split_held_out

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """72 pairs, and two records that give none."""
    folder = tmp_path_factory.mktemp("squares")
    found = write_squares(folder, copies=3)
    (folder / "text.png").write_text("hello")
    return [
        *found,
        Record(None, folder / "text.png", ("a text",)),
        replace(found[0], captions=("  ",), image=folder / "red-left-1.png"),
    ]


def test_the_held_out_pairs_are_those_of_the_training(base: str, records: list[Record]) -> None:
    found = read(records, lambda done: None)
    assert (found.pairs, found.pictures, len(found.left_out)) == (72, 72, 2)
    pairs = load_pairs(records, load_checkpoint(base).image)
    for config, share in (
        (TrainConfig(base=base, batch_size=16, validation_share=0.2), 0.2),
        (from_recipe("auto", base=base, batch_size=16), auto_share(TrainConfig(), 72)),
    ):
        learn, held = split_held_out(pairs, share, 0)
        assert held is not None
        said = outlook(config, found)
        assert (said.learn, said.held_out) == (len(learn), len(held))


def test_auto_says_what_it_would_choose_among(base: str, records: list[Record]) -> None:
    said = outlook(from_recipe("auto", base=base), read(records, lambda done: None))
    assert [stage.name for stage in said.stages] == ["adapter", "rate-0.0001", "rate-0.0003", "rate-0.001", "rounds"]
    least, most = said.seconds
    assert 0 < least < most
    limited = outlook(from_recipe("auto", base=base, minutes=most / 120), read(records, lambda done: None))
    assert limited.seconds[1] == pytest.approx(most / 2)


def test_a_larger_batch_needs_more_memory_and_a_smaller_micro_batch_less(base: str, records: list[Record]) -> None:
    found = read(records, lambda done: None)
    config = TrainConfig(base=base, batch_size=32)
    one, two, small = (
        outlook(made, found)
        for made in (config, replace(config, batch_size=64), replace(config, batch_size=64, micro_batch=4))
    )
    assert two.costs.graph * 64 > one.costs.graph * 32 > small.costs.graph * 4 > 0
    assert one.stages[0].steps == 10 * (one.learn // 32)


def test_what_stops_a_training_stops_its_outlook() -> None:
    def broken() -> Iterator[Record | Skipped]:
        yield Skipped(Path("x.tsv"), "broken", "line 3", MalformedSource("x.tsv, line 3"))

    with pytest.raises(MalformedSource):
        read(broken(), lambda done: None)
