"""One training step: views, vectors, loss, gradients, and the weights' update.

The gradient goes through the vectors: first the loss's gradient by every vector of the whole batch, then each vector's by
the weights. So a batch need not be in memory at once (gradient_cache.py), and processes need exchange nothing but vectors
and gradients. The numbers are those of the plain step, up to the order of sums.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..config import TrainConfig
from ..data.augment import draw_views
from ..errors import TrainingError
from ..model.checkpoint import Checkpoint
from ..model.weights import MovingAverage, Weights, copied
from .batch import Batch
from .distributed import World
from .gradient_cache import TowerBatch, backward, captions, embed_without_graph, locked_outputs, pictures
from .loss import Objective
from .low_rank import LowRank
from .optimizer import lock, low_rank_matrices, make_optimizer


class Learner:
    """The network, its optimizer, the objective and, with ``config.ema``, the moving average of the weights."""

    def __init__(self, checkpoint: Checkpoint, config: TrainConfig, precision: str, world: World) -> None:
        self._checkpoint, self._config, self._precision, self._world = checkpoint, config, precision, world
        _check_repeatable(checkpoint, config)
        network: nn.Module = checkpoint.model  # transformers' own .to() is typed for other things
        self.network = network.to(world.device).train()
        if not lock(checkpoint.model, config):
            raise TrainingError(f"lock is {config.lock!r}: no weights are left to train; unlock some layers")
        self._objective = Objective(config).to(world.device)
        self._low_rank = None if config.lora is None else LowRank(low_rank_matrices(checkpoint.model), config.lora)
        self._optimizer = make_optimizer(checkpoint.model, config, self._objective, self._low_rank)
        self._average = MovingAverage(config.ema, self.network.state_dict()) if config.ema is not None else None

    def gradients(self, batch: Batch) -> float:
        """Leave the batch's gradients at the parameters; returns the loss. ``batch`` holds this process's rows, and the keys
        of all."""
        model, config, world = self._checkpoint.model, self._config, self._world
        self._optimizer.zero_grad()
        towers = self._tower_batches(batch)
        # (1) Embed the batch, without graphs where it has several micro-batches.
        embedded = [embed_without_graph(tower) for tower in towers]
        # (2) Compute the loss of the whole batch, and its gradient by every vector.
        images, *texts = vectors = [world.gather(own.vectors).requires_grad_() for own in embedded]
        keys = batch.keys.to(world.device)
        ignored = [None, *([batch.varied[1].to(world.device)] if batch.varied is not None else [])]
        losses = [
            self._objective(images, text, keys, model.logit_scale, mask)
            for text, mask in zip(texts, ignored, strict=True)
        ]
        loss = torch.stack(losses).mean()
        loss.backward()
        # (3) Backpropagate the vectors' gradients to the weights, one micro-batch after another.
        rows = world.part(len(batch))  # this process's
        for tower, own, whole in zip(towers, embedded, vectors, strict=True):
            assert whole.grad is not None
            backward(tower, own, whole.grad[rows])
        # The loss's own parameters have the whole gradient in every process; all others are sums over processes.
        complete = {id(model.logit_scale), *(id(parameter) for parameter in self._objective.parameters())}
        trained = self.trained()
        world.add_up(p.grad for p in trained if id(p) not in complete)
        if config.clip_norm:
            torch.nn.utils.clip_grad_norm_(trained, config.clip_norm)
        return float(loss.detach())  # a CPU-GPU sync point: it buys never saving broken weights

    def _tower_batches(self, batch: Batch) -> list[TowerBatch]:
        """This process's pictures, captions and varied captions, in micro-batches of ``config.micro_batch`` rows."""
        checkpoint, precision, config, model = self._checkpoint, self._precision, self._config, self._checkpoint.model
        if batch.pooled is not None:
            image, text = batch.pooled
            size = config.micro_batch or len(image)
            sides = (image, model.visual_projection), (text, model.text_projection)
            return [locked_outputs(pooled, projection, size) for pooled, projection in sides]
        size = config.micro_batch or len(batch.pixels)
        varied = config.augment and config.views != "none"
        views = draw_views(len(batch), batch.generator, config.views) if varied else None
        first = self._world.part(len(batch)).start
        texts = [batch.tokens, *([batch.varied[0]] if batch.varied is not None else [])]
        return [
            pictures(checkpoint, precision, batch.pixels, size, views, first),
            *(captions(checkpoint, precision, tokens, size) for tokens in texts),
        ]

    def trained(self) -> list[nn.Parameter]:
        """What the optimizer moves, without the objective's own: the network's weights, or their low-rank pairs."""
        if self._low_rank is None:
            return [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        return [self._checkpoint.model.logit_scale, *self._low_rank.parameters()]

    @property
    def bias(self) -> float | None:
        """The sigmoid loss's learnt bias, which no CLIP has a place for; None with another loss."""
        return float(self._objective.bias.detach()) if self._config.loss == "sigmoid" else None

    def update(self, rate: float) -> None:
        """Update the weights by their gradients at learning rate ``rate``."""
        self._optimizer.set_rate(rate)
        self._optimizer.step()
        if self._low_rank is not None:
            self._low_rank.merge()
        if self._config.max_scale:
            with torch.no_grad():
                self._checkpoint.model.logit_scale.clamp_(max=math.log(self._config.max_scale))
        if self._average is not None:
            self._average.update(self.network.state_dict())

    @contextlib.contextmanager
    def averaged(self) -> Iterator[Weights]:
        """The weights to validate and save (their moving average, where there is one), in the network meanwhile."""
        if self._average is None:
            yield self.network.state_dict()
            return
        current = copied(self.network.state_dict())
        self.network.load_state_dict(self._average.mean)
        try:
            yield self._average.mean
        finally:
            self.network.load_state_dict(current)

    def state_dict(self) -> dict[str, Any]:
        """All that continuing from here needs."""
        return {name: part.state_dict() for name, part in self._parts().items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What ``state_dict`` gave."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        more = {"average": self._average, "low_rank": self._low_rank}
        given = {name: part for name, part in more.items() if part is not None}
        return {"model": self.network, "optimizer": self._optimizer, "objective": self._objective, **given}


def _check_repeatable(checkpoint: Checkpoint, config: TrainConfig) -> None:
    """Raises TrainingError where dropout would make a micro-batch's second pass another function than its first."""
    towers = checkpoint.model.vision_model.config, checkpoint.model.text_model.config
    drops = max(float(tower.attention_dropout) for tower in towers)
    if drops and config.micro_batch is not None:
        raise TrainingError(
            f"attention_dropout is {drops:g}, expected 0 with --micro-batch, which encodes each pair twice; set it to 0 in the "
            "base's config.json, or leave --micro-batch out"
        )
