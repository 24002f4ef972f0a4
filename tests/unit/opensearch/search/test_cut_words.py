"""A search says when its words are longer than the model reads."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.query.vectors import cut_words
from clipseek.opensearch.search.searcher import Searcher
from clipseek.testing import ColourEncoder
from clipseek.web.encoders import SharedEncoder
from clipseek.web.metrics import Metrics

from tests.shipped import TUNED
from tests.unit.opensearch.search.test_searcher import VERSION, Recorder


class Reader(ColourEncoder):
    """Reads five words of a text."""

    context_length = 5

    def count_cut(self, texts: Sequence[str]) -> int:
        return sum(len(text.split()) > self.context_length for text in texts)


LONG = "a red car on a green field"


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        (Query("red car"), []),
        (Query(LONG, kind="caption"), []),
        (Query(like=(("cat-1", 1.0),)), []),
        (
            Query(LONG, kind="vector"),
            ["the text is longer than the 5 tokens the model reads: its vector is of the beginning"],
        ),
        (
            Query(LONG),
            [
                "the text is longer than the 5 tokens the model reads: its vector is of the beginning; captions are searched "
                "for all of it"
            ],
        ),
        (
            Query("red", kind="vector", unwanted=(LONG,)),
            ["a text is longer than the 5 tokens the model reads: its vector is of the beginning"],
        ),
    ],
)
def test_each_kind_of_query(query: Query, notes: list[str]) -> None:
    shared = SharedEncoder(Reader(), Metrics())  # as the page has it
    assert list(cut_words(query, Reader)) == list(cut_words(query, lambda: shared)) == notes
    shared.close()


def test_an_encoder_that_cannot_tell_says_nothing() -> None:
    shared = SharedEncoder(ColourEncoder(), Metrics())
    assert cut_words(Query(LONG), ColourEncoder) == cut_words(Query(LONG), lambda: shared) == ()
    shared.close()


def test_a_search_brings_the_note() -> None:
    searcher = Searcher(Recorder(), VERSION, Reader())  # type: ignore[arg-type]
    assert searcher.search(Query("red car", kind="vector")).notes == ()
    (note,) = searcher.search(Query(LONG, kind="vector")).notes
    assert "longer than the 5 tokens" in note


def test_a_real_model_counts_tokens() -> None:
    encoder = ClipEncoder(Bundle.load(TUNED), device="cpu", threads=1)
    assert cut_words(Query("a small red house"), lambda: encoder) == ()
    (note,) = cut_words(Query("house " * 200), lambda: encoder)
    assert f"the {encoder.bundle.text.context_length} tokens" in note
