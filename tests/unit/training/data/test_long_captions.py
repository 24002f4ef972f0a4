"""Captions that a model would cut become several: every word is in one of them, in order, the same each time."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from pathlib import Path

import pytest
from clipseek.sources import Record, Skipped
from clipseek.sources.figure_captions import ORIGINAL
from clipseek.training.data.long_captions import LongCaptions, divided

REPORT = (
    "CT of the chest. No focal consolidation, pleural effusion or pneumothorax. The heart is enlarged (Fig. 3), see Dr. Lee: a "
    "stable nodule of 4 mm in the left lobe; degenerative changes of the spine. IMPRESSION: no acute process"
)


def words(texts: Sequence[str]) -> list[int]:
    """A token a word, and both ends."""
    return [len(text.split()) + 2 for text in texts]


def letters(texts: Sequence[str]) -> list[int]:
    """A token a character, as scripts without blanks have about."""
    return [len(text.replace(" ", "")) + 2 for text in texts]


@pytest.mark.parametrize("context", [4, 7, 12, 20, 40])
def test_every_word_stays_and_no_piece_is_longer_than_the_context(context: int) -> None:
    made = divided(REPORT, words, context)
    assert " ".join(made) == REPORT
    assert max(words(made)) <= context
    assert made == divided(REPORT, words, context)
    # As few as that takes: no two neighbours of one sentence would fit together.
    assert len(made) <= 2 * len(REPORT.split()) / (context - 2) + 4


def test_it_is_divided_between_sentences_where_they_fit() -> None:
    assert divided(REPORT, words, 21) == [
        "CT of the chest. No focal consolidation, pleural effusion or pneumothorax.",
        "The heart is enlarged (Fig. 3), see Dr. Lee: a stable nodule of 4 mm in the left lobe;",
        "degenerative changes of the spine. IMPRESSION: no acute process",
    ]


@pytest.mark.parametrize("context", [7, 14, 60])
def test_a_quote_or_bracket_that_ends_a_sentence_stays(context: int) -> None:
    text = (
        'The report says "no effusion." The heart is large (see below.) Then ‘more’ follows [here.] And “the end.” Last'
    )
    assert " ".join(divided(text, words, context)) == text


@pytest.mark.parametrize(
    "text", ["胸部正常。心脏增大，左肺有结节。" * 9, "x" * 200, "anti" * 60 + " second word", "a\nb\n\nc " * 30]
)
def test_scripts_without_blanks_and_words_without_end(text: str) -> None:
    made = divided(text, letters, 16)
    assert max(letters(made)) <= 16
    assert "".join("".join(made).split()) == "".join(text.split())


def test_records_keep_their_group_and_the_caption_as_it_was() -> None:
    short, long = "a cat", "one two three. Four five six."
    seen = LongCaptions(words, 5)
    entries: list[Record | Skipped] = [
        Record("1", Path("a.png"), (short,)),
        Record("2", Path("b.png"), (long,), metadata={"split": "train"}),
        Skipped(Path("c"), "unreadable", "x"),
        Record("3", Path("d.png"), (short, long), group="g"),
    ]
    first, second, skipped, third = seen.through(entries)
    assert (first, skipped) == (entries[0], entries[2])
    assert isinstance(second, Record)
    assert second.captions == ("one two three.", "Four five six.")
    assert second.group == long.casefold()  # as the whole caption alone would be grouped
    assert second.metadata == {"split": "train", ORIGINAL: long}
    assert isinstance(third, Record)
    assert (third.captions, third.group) == ((short, "one two three.", "Four five six."), "g")
    assert third.metadata[ORIGINAL] == (short, long)
    assert (seen.captions, seen.of, seen.pieces) == (2, 4, 4)
    assert seen.lines()[0].startswith(
        "2 of 4 captions are longer than the 5 tokens that the model reads: divided into 4"
    )


def test_cut_leaves_them_and_says_how_many() -> None:
    seen = LongCaptions(words, 5, split=False)
    entries = [Record("1", Path("a.png"), ("one two three four",)), Record("2", Path("b.png"), ("one",))]
    assert seen.records(entries) == entries
    assert "1 of 2 captions are longer" in seen.lines()[0]
    assert LongCaptions(words, 5).lines() == []


@pytest.mark.train
def test_a_clips_own_tokenizer_cuts_none_of_the_pieces(tmp_path: Path) -> None:
    from clipseek.export.models import counter_of
    from clipseek.training.model.checkpoint import load_checkpoint

    from tests.models import make_tiny_clip

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path / "base")))
    count, context = counter_of(checkpoint)
    weights = weakref.ref(checkpoint.model)
    del checkpoint
    gc.collect()
    assert weights() is None  # the count does not keep them
    made = divided(REPORT, count, context)
    assert len(made) > 1
    assert max(count(made)) <= context
    assert " ".join(made) == REPORT
