"""Validation passes: scores of a model between steps, on the same held-out pairs each time, the domain's and the general
ones."""

from __future__ import annotations

import random

import torch
from clipseek.evaluation import Judgments, rank
from clipseek.evaluation.bootstrap import intervals
from clipseek.evaluation.judgments import numbered
from clipseek.evaluation.metrics import mean_reciprocal_rank, rank_in_batches, reciprocal_ranks, talk_batches
from torch import Tensor

from ..data.pairs import Pairs
from ..model.checkpoint import Checkpoint
from ..model.embed import Vectors, embed_distinct, pooled_distinct, project_both
from ..model.weights import Interpolation, Weights, choose_alpha, interpolated

MAX_PAIRS = 2000  # of each kind: more would cost more time than they add certainty
#: Passes that choosing between base and fine-tuned weights takes, as far as experience goes; see weights.choose_alpha.
PASSES_TO_CHOOSE = 6


Figures = dict[str, float]


class Validation:
    """``measure`` gives whole-gallery MRR@10 and in-batch MRR@20 of the domain's and of the general pairs.

    False where there are no validation pairs of the domain.
    """

    def __init__(
        self, pairs: Pairs | None, general: Pairs | None, precision: str, seed: int, locked: bool = False
    ) -> None:
        """``locked``: neither tower learns, so that their outputs are computed in the first pass alone."""
        self._pooled: dict[int, tuple[Tensor, Tensor]] | None = {} if locked else None
        self._domain = None if pairs is None else _sample(pairs, seed)
        self._general = None if general is None else _sample(general, seed)
        self._precision = precision

    def __bool__(self) -> bool:
        return self._domain is not None

    @property
    def gallery(self) -> int:
        """Distinct pictures of the domain among which ``measure`` ranks: of at most MAX_PAIRS pairs."""
        return 0 if self._domain is None else len(self._domain.shown_pictures()[0])

    def measure(self, checkpoint: Checkpoint) -> Figures:
        """Keys: validation_mrr, its 95 % interval as validation_mrr_low and validation_mrr_high, validation_batch_mrr, and
        general_mrr, general_batch_mrr where there are general pairs."""
        figures: Figures = {}
        if self._domain is not None:
            self._domain = self._domain.decoded()
        if self._general is not None:
            self._general = self._general.decoded()
        for name, pairs in (("validation", self._domain), ("general", self._general)):
            if pairs is not None:
                texts, images = self._vectors(checkpoint, pairs)
                truth = pairs.truth()
                ranks = rank(texts, images, truth.text_to_image()).best
                figures[f"{name}_mrr"] = mean_reciprocal_rank(ranks, 10)
                if name == "validation":
                    values = reciprocal_ranks(ranks, 10)[:, None]
                    bounds = intervals(values, clusters=numbered(pairs.groups))[0]
                    figures["validation_mrr_low"], figures["validation_mrr_high"] = map(float, bounds)
                figures[f"{name}_batch_mrr"] = _in_batches(texts, images, truth)
        return figures

    def _vectors(self, checkpoint: Checkpoint, pairs: Pairs) -> tuple[Vectors, Vectors]:
        if self._pooled is None:
            return embed_distinct(checkpoint, pairs, self._precision)
        if id(pairs) not in self._pooled:
            self._pooled[id(pairs)] = pooled_distinct(checkpoint, pairs, self._precision)
        return project_both(checkpoint, *self._pooled[id(pairs)])

    def interpolate(
        self, checkpoint: Checkpoint, base: Weights, fine_tuned: Weights, before: Figures, keep_loss: float
    ) -> tuple[Interpolation, Figures]:
        """Leave the model at the best point between base and fine-tuned weights; gives that point and its figures.

        ``before``: the base's figures; ``keep_loss`` as in TrainConfig.
        """
        network: torch.nn.Module = checkpoint.model
        measured: dict[float, Figures] = {}

        def scores(alpha: float) -> tuple[float, float | None]:
            network.load_state_dict(interpolated(base, fine_tuned, alpha))
            measured[alpha] = self.measure(checkpoint)
            return measured[alpha]["validation_mrr"], _kept(measured[alpha], before)

        chosen = choose_alpha(scores, _kept(before, before), keep_loss)
        network.load_state_dict(interpolated(base, fine_tuned, chosen.alpha))
        return chosen, measured[chosen.alpha]


def _kept(figures: Figures, before: Figures) -> float | None:
    """The share of the base's general scores that is left, the lesser of the whole gallery's and in batches: batches of 64 forgive
    what a search over everything shows. None without general pairs."""
    shares = [figures[name] / before[name] for name in ("general_mrr", "general_batch_mrr") if before.get(name)]
    return min(shares, default=None)


def _sample(pairs: Pairs, seed: int) -> Pairs:
    if len(pairs) <= MAX_PAIRS:
        return pairs
    return pairs.take(sorted(random.Random(seed).sample(range(len(pairs)), MAX_PAIRS)))


def _in_batches(texts: Vectors, images: Vectors, truth: Judgments) -> float:
    of_captions = images[truth.owner]
    return mean_reciprocal_rank(rank_in_batches(texts, of_captions, truth, talk_batches(truth)).best, 20)
