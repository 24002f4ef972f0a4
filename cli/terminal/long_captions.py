"""What becomes of captions longer than a model's context, in the commands that give captions to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .output import note

if TYPE_CHECKING:
    from clipseek.export.models import Model, TokenCounter
    from clipseek.sources import Record, Source
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.long_captions import LongCaptions
    from clipseek.training.data.pairs import Listing

#: Of an evaluation, whose figures shall be those of the captions as they are.
long_captions_option = click.option(
    "--long-captions",
    type=click.Choice(("cut", "split")),
    default="cut",
    show_default=True,
    help="Captions longer than MODEL's context: cut there, or split into several, by sentences, as train does.",
)


def in_training(counter: TokenCounter, config: TrainConfig) -> LongCaptions:
    """What ``config`` does with captions for the base of ``counter``."""
    from clipseek.training.data.long_captions import LongCaptions

    count, context = counter
    return LongCaptions(count, min(context, config.max_tokens or context), config.long_captions == "split")


def in_evaluation(model: Model, how: str) -> LongCaptions:
    """What the option says, for ``model``."""
    from clipseek.training.data.long_captions import LongCaptions

    return LongCaptions(*model.counter(), split=how == "split")


def shortened(source: Source, listed: list[Record] | Listing, long: LongCaptions) -> list[Record] | Listing:
    """``listed`` after ``long``, with what that did on stderr."""
    if isinstance(listed, list):
        listed = long.records(listed)
    else:
        listed.with_words = long.records(listed.with_words)
    say_long(source, long)
    return listed


def say_long(source: Source, long: LongCaptions) -> None:
    """How many captions of ``source`` were too long, where some were."""
    for line in long.lines():
        note(f"{source.path}: {line}")
