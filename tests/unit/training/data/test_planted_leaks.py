"""What was planted into the test split of each layout is found, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.sources import Source, Splits
from clipseek.training.data.overlap import Overlap, overlap
from clipseek.training.data.survey import Survey, survey

from tests.leaky import CAPTION, EQUAL, GROUP, LAYOUTS, NEAR, items


@pytest.mark.parametrize("layout", LAYOUTS)
def test_planted_leaks_are_found(tmp_path: Path, layout: str) -> None:
    write, train, test, groups = LAYOUTS[layout]
    made = items(tmp_path / "squares")
    source = write(tmp_path / "source", made)

    def read(splits: str) -> Survey:
        return survey(Source(source, splits=Splits(tuple(splits.split(",")))).chosen())

    found: Overlap = overlap(read(train), read(test))
    trained = [item.name for item in made if item.split == "train"]
    assert [[Path(name).stem for name in pair] for pair in found.equal.examples] == [[trained[0], EQUAL]]
    assert [[Path(name).stem for name in pair] for pair in found.near.examples] == [[trained[1], NEAR]]
    assert found.captions.examples == [(next(item.caption for item in made if item.name == CAPTION),)]
    shared = next(item.group for item in made if item.name == GROUP)
    assert found.groups.examples == ([(shared,)] if groups else [])
