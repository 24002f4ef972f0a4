"""Looking at a model between steps: the same held-out pairs each time, the domain's and the general ones."""

from __future__ import annotations

import random
import time

import torch
from clipseek.evaluation import Judgments, rank
from clipseek.evaluation.metrics import mean_reciprocal_rank, rank_in_batches, talk_batches
from torch import Tensor

from ..data.pairs import Pairs
from ..model.checkpoint import Checkpoint
from ..model.embed import Vectors, embed_distinct, pooled_distinct, project_both
from ..model.weights import Interpolation, Weights, choose_alpha, interpolated

LOOK_PAIRS = 2000  # at most so many of each kind: more would cost more time than they add certainty
# Evaluations that choosing between base and tuned weights takes, as far as experience goes; see weights.choose_alpha.
CHOICE_LOOKS = 4

Figures = dict[str, float]


class Validation:
    """``look`` gives whole-gallery MRR@10 and in-batch MRR@20 of the domain, and in-batch MRR@20 of the general pairs."""

    def __init__(
        self, pairs: Pairs | None, general: Pairs | None, precision: str, seed: int, locked: bool = False
    ) -> None:
        """``locked``: both towers stay as they are, so that their outputs are computed at the first look alone."""
        self._pooled: dict[int, tuple[Tensor, Tensor]] | None = {} if locked else None
        self._domain = None if pairs is None else _sample(pairs, seed)
        self._general = None if general is None else _sample(general, seed)
        self._precision = precision
        self.seconds = 0.0  # of the last look
        self.spent = 0.0  # in all looks

    def __bool__(self) -> bool:
        return self._domain is not None

    def look(self, checkpoint: Checkpoint) -> Figures:
        """Keys: validation_mrr, validation_batch_mrr, and general_batch_mrr where there are general pairs."""
        started = time.perf_counter()
        figures: Figures = {}
        if self._domain is not None:
            texts, images = self._vectors(checkpoint, self._domain)
            truth = self._domain.truth()
            figures["validation_mrr"] = mean_reciprocal_rank(rank(texts, images, truth.text_to_image()).best, 10)
            figures["validation_batch_mrr"] = _in_batches(texts, images, truth)
        if self._general is not None:
            figures["general_batch_mrr"] = _in_batches(*self._vectors(checkpoint, self._general), self._general.truth())
        self.seconds = time.perf_counter() - started
        self.spent += self.seconds
        return figures

    def _vectors(self, checkpoint: Checkpoint, pairs: Pairs) -> tuple[Vectors, Vectors]:
        if self._pooled is None:
            return embed_distinct(checkpoint, pairs, self._precision)
        if id(pairs) not in self._pooled:
            self._pooled[id(pairs)] = pooled_distinct(checkpoint, pairs, self._precision)
        return project_both(checkpoint, *self._pooled[id(pairs)])

    def interpolate(
        self, checkpoint: Checkpoint, base: Weights, tuned: Weights, before: Figures, keep_loss: float
    ) -> tuple[Interpolation, Figures]:
        """Leave the model at the best point between base and tuned weights; its figures are those of that point."""
        network: torch.nn.Module = checkpoint.model
        seen: dict[float, Figures] = {}

        def measure(alpha: float) -> tuple[float, float | None]:
            network.load_state_dict(interpolated(base, tuned, alpha))
            seen[alpha] = self.look(checkpoint)
            return seen[alpha]["validation_mrr"], seen[alpha].get("general_batch_mrr")

        choice = choose_alpha(measure, before.get("general_batch_mrr"), keep_loss)
        network.load_state_dict(interpolated(base, tuned, choice.alpha))
        return choice, seen[choice.alpha]


def _sample(pairs: Pairs, seed: int) -> Pairs:
    if len(pairs) <= LOOK_PAIRS:
        return pairs
    return pairs.take(sorted(random.Random(seed).sample(range(len(pairs)), LOOK_PAIRS)))


def _in_batches(texts: Vectors, images: Vectors, truth: Judgments) -> float:
    of_captions = images[truth.owner]
    return mean_reciprocal_rank(rank_in_batches(texts, of_captions, truth, talk_batches(truth)).best, 20)
