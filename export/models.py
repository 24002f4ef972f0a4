"""Checkpoints and bundles behind one face: both embed the same pairs, so that one can be judged beside the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from clipseek.encoder import Bundle, ClipEncoder, Picture
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.run.tokenizer import TextTokenizer
from clipseek.evaluation import rank_pairs
from clipseek.evaluation.reports.examples import JudgedModel
from clipseek.sources import Source
from clipseek.training.data.pairs import Pairs
from clipseek.training.data.shared_pairs import in_common, picture_order
from clipseek.training.data.survey import CountTokens
from clipseek.training.errors import UnusableData
from numpy.typing import NDArray

if TYPE_CHECKING:
    from clipseek.training.model.checkpoint import Checkpoint

Vectors = NDArray[np.float32]
#: A count of captions' tokens, and how many of them the model reads.
TokenCounter: TypeAlias = tuple[CountTokens, int]


@dataclass(frozen=True)
class Model:
    """``embed``: pairs, decoded as ``image`` says -> unit vectors of the N captions and of the P distinct pictures. ``counter``
    gives its ``token_counter``.
    """

    name: str
    image: ImageSpec
    embed: Callable[[Pairs], tuple[Vectors, Vectors]]
    counter: Callable[[], TokenCounter]


def is_bundle(name: str) -> bool:
    """Whether the folder ``name`` holds a bundle; else it is a checkpoint's folder or hub id."""
    return (Path(name) / "clipseek.json").is_file()


def token_counter(name: str) -> TokenCounter:
    """By the tokenizer of a bundle or checkpoint."""
    if is_bundle(name):
        return counter_of_bundle(Bundle.load(name))
    from clipseek.training.model.checkpoint import load_checkpoint

    return counter_of(load_checkpoint(name))


def counter_of_bundle(bundle: Bundle) -> TokenCounter:
    """The same of a bundle that is loaded."""
    uncut = TextTokenizer(bundle.path / "tokenizer.json", replace(bundle.text, context_length=2**31))
    return lambda texts: [len(ids) for ids in uncut.encode(texts)[0]], bundle.text.context_length


def counter_of(checkpoint: Checkpoint) -> TokenCounter:
    """The same of a checkpoint that is loaded, whose weights it does not keep."""
    from clipseek.training.model.checkpoint import quiet_transformers, tokens_of

    tokenizer = checkpoint.tokenizer

    def lengths(texts: Sequence[str]) -> list[int]:
        with quiet_transformers():
            return [len(ids) for ids in tokens_of(tokenizer, list(texts))["input_ids"]]

    return lengths, checkpoint.context_length


def pairs_of_each(source: Source, models: Sequence[Model], load: Callable[[ImageSpec], Pairs]) -> list[Pairs]:
    """For each of one or two models the pairs with the pixels that it takes; row i is the same pair in both.

    Models of one preprocessing share the pixels. A picture that is unreadable for one is dropped for both. Raises UnusableData
    where no pair of ``source``, which it names, can be read for both.
    """
    first = load(models[0].image)
    if len(models) == 1:
        return [first]
    one, other = models[0].image, models[1].image
    # Mean and deviation belong to the model's own step.
    if all(getattr(one, name) == getattr(other, name) for name in ("size", "interpolation", "rules")):
        return [first, first]
    pairs = in_common(first, load(other))
    if not len(pairs[0]):
        raise UnusableData(f"no pair of {source.path} can be read for both models; did the pictures change meanwhile?")
    return [*pairs]


def judge(models: Sequence[Model], pairs: Sequence[Pairs], *, batch: int, seed: int) -> list[JudgedModel]:
    """Each model's vectors of its own pairs, and their ranking; pictures are numbered as the first pairs show them."""
    truth, judged = pairs[0].truth(), []
    for model, own in zip(models, pairs, strict=True):
        texts, images = model.embed(own)
        if own is not pairs[0]:
            images = images[picture_order(pairs[0], own)]
        judged.append(JudgedModel(model.name, texts, images, rank_pairs(texts, images, truth, batch=batch, seed=seed)))
    return judged


def embed_with_bundle(encoder: ClipEncoder, pairs: Pairs) -> tuple[Vectors, Vectors]:
    """Vectors of the N captions and of the P distinct pictures, float32 unit rows, as ``embed_distinct`` gives them.

    ``pairs`` were loaded for the bundle's own ImageSpec.
    """
    size = encoder.bundle.image.size
    pictures = [Picture(pairs.pixels[row], size, size) for row in pairs.shown_pictures()[0].tolist()]
    return encoder.encode_texts(pairs.captions), encoder.encode_pictures(pictures)
