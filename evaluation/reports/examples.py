"""Queries worth looking at: the greatest gains and losses between two models, or one model's best and worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..judgments import Ints, Judgments
from ..metrics import Rows
from ..ranked import TEXT_TO_IMAGE, RankedPairs

SHOWN = 5  # first pictures of each query


@dataclass(frozen=True)
class JudgedModel:
    """A model's vectors, as ``rank_pairs`` takes them, and what came of them."""

    name: str
    texts: Rows
    images: Rows
    ranked: RankedPairs

    @property
    def caption_ranks(self) -> Ints:
        """(N,) int64: rank of each caption's best right picture over the whole gallery."""
        return self.ranked.whole_gallery[TEXT_TO_IMAGE].ranks.best


@dataclass(frozen=True)
class Example:
    """Caption ``row`` and its ``picture``. For each model: the rank of the right picture, and the first pictures.

    ``firsts``: for each model (picture, whether it is right), the best first.
    """

    row: int
    picture: int
    ranks: tuple[int, ...]
    firsts: tuple[tuple[tuple[int, bool], ...], ...]


def gains_and_losses(
    after: JudgedModel, before: JudgedModel, truth: Judgments, number: int = 12
) -> tuple[list[Example], list[Example]]:
    """Captions whose right picture rose and fell the most, each with the ranks (after, before).

    By the ratio of the ranks: from 100 to 1 is as much as from 1 to 100, and more than from 1,100 to 1,000. One caption
    of each group, so that a frequent concept does not fill the list.
    """
    ratio = np.log(before.caption_ranks) - np.log(after.caption_ranks)
    gains = _distinct(np.argsort(-ratio, kind="stable"), ratio > 0, after, number)
    losses = _distinct(np.argsort(ratio, kind="stable"), ratio < 0, after, number)
    models = (after, before)
    return [_example(row, models, truth) for row in gains], [_example(row, models, truth) for row in losses]


def best_and_worst(model: JudgedModel, truth: Judgments, number: int = 12) -> tuple[list[Example], list[Example]]:
    """Captions whose right picture came first, the most alike before others; and those whose came last.

    No caption is in both; one of each group in either.
    """
    ranks = model.caption_ranks
    alike = np.einsum("nd,nd->n", model.texts, model.images[truth.owner])
    best = _distinct(np.lexsort((-alike, ranks)), ranks == 1, model, number)
    worst = _distinct(np.lexsort((alike, -ranks)), ranks > 1, model, number)
    return [_example(row, (model,), truth) for row in best], [_example(row, (model,), truth) for row in worst]


def worst_of(model: JudgedModel, truth: Judgments, rows: Sequence[int], number: int = 6) -> list[Example]:
    """Of the captions ``rows`` those whose right picture came last, one of each group."""
    among = np.zeros(len(model.caption_ranks), bool)
    among[list(rows)] = True
    order = np.argsort(-model.caption_ranks, kind="stable")
    worst = _distinct(order, among & (model.caption_ranks > 1), model, number)
    return [_example(row, (model,), truth) for row in worst]


def _distinct(
    order: Ints, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]], model: JudgedModel, number: int
) -> list[int]:
    """The first ``number`` rows of ``order`` that are wanted, one of each cluster."""
    clusters = model.ranked.whole_gallery[TEXT_TO_IMAGE].clusters
    chosen: dict[int, int] = {}
    for row in order.tolist():
        if len(chosen) == number:
            break
        if wanted[row]:
            chosen.setdefault(int(clusters[row]), row)
    return list(chosen.values())


def _example(row: int, models: Sequence[JudgedModel], truth: Judgments) -> Example:
    right = set(truth.text_to_image().rows(row, row + 1)[1].tolist())
    firsts = []
    for model in models:
        scores = model.images @ model.texts[row]
        # Ties as in the ranks: a wrong picture stands before a right one.
        order = np.lexsort((np.isin(np.arange(len(scores)), list(right)), -scores))[:SHOWN]
        firsts.append(tuple((at, at in right) for at in order.tolist()))
    ranks = tuple(int(model.caption_ranks[row]) for model in models)
    return Example(row, int(truth.owner[row]), ranks, tuple(firsts))
