from __future__ import annotations

from typing import Any

import pytest
from clipseek.relevance.fusion_grid import DEPTHS, RRF, WORDINGS, fusions, grid, supported_wordings

from .fake_index import VERSION, FakeIndex, unit


@pytest.fixture
def index() -> Any:
    return FakeIndex({"d0": "word"}, {"d0": unit(0)})


def test_the_first_settings_are_the_usual_search() -> None:
    # The first of equal settings is chosen, and clipseek tune compares the fusions alone with all.
    assert grid()[: len(fusions())] == fusions()
    assert len(set(grid())) == len(fusions()) * len(DEPTHS) * len(WORDINGS)


def test_every_fusion_is_there_complete_and_not() -> None:
    assert [setting.fusion.complete for setting in fusions()] == [True] * 71 + [False] * 71
    assert fusions()[0] == RRF
    assert [str(setting).replace(", complete", "") for setting in fusions()[:71]] == [
        str(setting) for setting in fusions()[71:]
    ]
    # Servers that rank within each shard refuse rrf there: it must not be chosen.
    assert {setting.fusion.technique for setting in grid(ranks=False)} == {"min_max", "l2"}


def test_words_as_they_are_written_need_a_field_of_their_own(index: Any) -> None:
    assert supported_wordings(index, VERSION) == WORDINGS
    index.caption_fields = {}
    assert supported_wordings(index, VERSION) == tuple(wording for wording in WORDINGS if not wording.exact)
