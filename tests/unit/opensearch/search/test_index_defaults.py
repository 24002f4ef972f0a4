"""What an index brings to its searches, by the command and from Python alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.answer import notes_on
from clipseek.opensearch.search.index_defaults import calibrated_cosine, settle

from tests.plans import plan, values

TUNED = {
    "fusion": "l2",
    "mean": "harmonic",
    "weight": 0.3,
    "candidates": 50,
    "match": "all",
    "exact": True,
    "complete": True,
}
VERSION = Version("i-1", "i", "ab" * 32, 2, 1, search=TUNED, calibration={"cosine": 0.31})


def test_what_was_tuned_is_used_where_nothing_else_is_said() -> None:
    query, fusion, page = settle(VERSION, Query("red"), None, Page())
    assert (query, fusion, page) == (
        Query("red", match="all", exact=True),
        Fusion("l2", "harmonic", 0.3, depth=50),
        Page(),
    )
    own = Fusion("rrf")
    assert settle(VERSION, Query("red", match="any"), own, Page())[:2] == (
        Query("red", match="any", exact=True),
        own,
    )
    alone = Query("red", kind="vector")
    assert settle(VERSION, alone, None, Page()) == (alone, Fusion(), Page())


def test_auto_is_the_calibrated_cut_off() -> None:
    assert settle(VERSION, Query("red"), None, Page(min_cosine="auto"))[2] == Page(min_cosine=0.31)


@pytest.mark.parametrize(("pictures", "outgrown"), [(50, False), (120, False), (121, True)])
def test_a_cut_is_outgrown_by_a_fifth_more_pictures(pictures: int, outgrown: bool) -> None:
    marked = plan("red", np.array([0.6, 0.8], np.float32), min_cosine=0.31)

    def notes(calibration: dict[str, float]) -> tuple[str, ...]:
        return notes_on(marked, replace(VERSION, calibration=calibration), pictures)

    assert bool(notes({"cosine": 0.31, "pictures": 100})) == outgrown
    assert notes({"cosine": 0.3, "pictures": 100}) == notes({}) == ()


def test_a_default_that_was_chosen_before_complete_hybrids_goes_on_and_says_so() -> None:
    old = {name: value for name, value in TUNED.items() if name != "complete"}
    tuned, piped = replace(VERSION, search=old), replace(VERSION, search={"pipeline": "mild"})
    vector = np.array([0.6, 0.8], np.float32)
    for version, again in ((tuned, "clipseek tune HELD-OUT --index i"), (piped, "pipelines default mild --index i")):
        fusion = settle(version, Query("red"), None, Page())[1]
        assert not fusion.complete
        (note,) = notes_on(plan("red", vector, **vars(fusion)), version, 9)
        assert "goes on with --no-complete" in note
        assert note.endswith(again)
        assert notes_on(plan("red", vector), version, 9) == ()  # --complete
        assert notes_on(plan("red", kind="caption", complete=False), version, 9) == ()
    assert notes_on(plan("red", vector, complete=False), VERSION, 9) == ()


def test_auto_is_for_words_alone() -> None:
    assert calibrated_cosine(VERSION, Query("red")) == 0.31
    for query in (Query(like=(("a", 1.0),)), Query("red", unwanted=("blue",)), Query("red", picture=b"x")):
        with pytest.raises(InvalidOption, match="searches by words alone"):
            calibrated_cosine(VERSION, query)
    with pytest.raises(InvalidOption, match="clipseek calibrate HELD-OUT --index i"):
        calibrated_cosine(replace(VERSION, calibration={}), Query("red"))
    with pytest.raises(InvalidOption, match="no cosines to cut at"):
        values("red", kind="caption", min_cosine=0.3)
    with pytest.raises(InvalidOption, match="outside -1 to 1"):
        Page(min_cosine=3.0)
    with pytest.raises(InvalidOption, match="neither auto nor a cosine"):
        Page(min_cosine="often")  # type: ignore[arg-type]
