"""One step of learning: views, vectors, loss, gradients, and the weights' move.

The gradient goes through the vectors: first the loss's gradient by every vector of the whole batch, then each vector's by
the weights. So a batch need not be in memory at once (caching.py), and processes need exchange nothing but vectors and
gradients. The numbers are those of the plain step, up to the order of sums.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..allocator import give_back_holes
from ..config import TrainConfig
from ..data.augment import Views, draw_views
from ..errors import TrainingError
from ..model.average import RunningAverage
from ..model.checkpoint import Checkpoint
from ..model.wise import State
from .batch import Batch
from .distributed import World
from .gradient_cache import Captions, Pictures, Pooled, Side, look, push
from .loss import MAX_LOG_SCALE
from .objective import Objective
from .optimizer import lock, make_optimizer


class Learner:
    """Holds the network, the optimizer, the objective and, where asked for, the running mean of the weights."""

    def __init__(self, checkpoint: Checkpoint, config: TrainConfig, precision: str, world: World) -> None:
        self._checkpoint, self._config, self._precision, self._world = checkpoint, config, precision, world
        network: nn.Module = checkpoint.model  # transformers' own .to() is typed for other things
        self.network = network.to(world.device).train()
        if not lock(checkpoint.model, config):
            raise TrainingError(f"lock is {config.lock!r}: nothing is left that learns; unlock some layers")
        self._objective = Objective(config).to(world.device)
        self._optimizer = make_optimizer(checkpoint.model, config, self._objective)
        self._average = RunningAverage(config.ema, self.network.state_dict()) if config.ema is not None else None

    def gradients(self, batch: Batch) -> float:
        """Leave the batch's gradients at the parameters; returns the loss. ``batch`` holds this process's rows, and the keys
        of all."""
        model, config, world = self._checkpoint.model, self._config, self._world
        self._optimizer.zero_grad()
        varied = config.augment and config.views and batch.pooled is None
        views = draw_views(len(batch.keys), batch.generator) if varied else None
        sides = self._sides(batch, views, world.part(len(batch.keys)).start)
        seen = [look(side) for side in sides]
        # The loss of the whole batch, and its gradient by every vector of it.
        images, *texts = vectors = [world.gather(one.vectors).requires_grad_() for one in seen]
        keys = batch.keys.to(world.device)
        fits = [None, *([batch.varied[1].to(world.device)] if batch.varied is not None else [])]
        losses = [
            self._objective(images, text, keys, model.logit_scale, fit) for text, fit in zip(texts, fits, strict=True)
        ]
        loss = torch.stack(losses).mean()
        loss.backward()
        if world.device.type == "cpu" and any(len(side.parts) > 1 for side in sides):
            give_back_holes()
        here = world.part(len(batch.keys))
        for side, one, every in zip(sides, seen, vectors, strict=True):
            assert every.grad is not None
            push(side, one, every.grad[here])
        # Every process has these whole already; all else is a sum over the processes' rows.
        whole = {id(model.logit_scale), *(id(parameter) for parameter in self._objective.parameters())}
        world.add_up(p.grad for p in self.network.parameters() if id(p) not in whole)
        if config.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.clip_norm)
        return float(loss.detach())  # waits for the device: one small wait a step buys never saving broken weights

    def _sides(self, batch: Batch, views: Views | None, first: int) -> list[Side]:
        """This process's pictures, captions and varied captions, in parts of ``micro_batch``."""
        checkpoint, precision = self._checkpoint, self._precision
        if batch.pooled is not None:
            image, text = batch.pooled
            size = self._config.micro_batch or len(image)
            model = checkpoint.model
            return [Pooled(image, model.visual_projection, size), Pooled(text, model.text_projection, size)]
        size = self._config.micro_batch or len(batch.pixels)
        pictures = Pictures(checkpoint, precision, batch.pixels, size, views, first)
        texts = [batch.tokens, *([batch.varied[0]] if batch.varied is not None else [])]
        return [pictures, *(Captions(checkpoint, precision, tokens, size) for tokens in texts)]

    def update(self, rate: float) -> None:
        """Move the weights by the gradients at learning rate ``rate``."""
        self._optimizer.set_rate(rate)
        self._optimizer.step()
        with torch.no_grad():
            self._checkpoint.model.logit_scale.clamp_(max=MAX_LOG_SCALE)
        if self._average is not None:
            self._average.update(self.network.state_dict())

    @contextlib.contextmanager
    def judged(self) -> Iterator[State]:
        """The weights that are to be judged and kept (the running mean where there is one), in the network meanwhile."""
        if self._average is None:
            yield self.network.state_dict()
            return
        learning = _copy(self.network.state_dict())
        self.network.load_state_dict(self._average.mean)
        try:
            yield self._average.mean
        finally:
            self.network.load_state_dict(learning)

    def state(self) -> dict[str, Any]:
        """All that going on from here needs."""
        average = self._average
        return {
            "model": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "objective": self._objective.state_dict(),
            "average": None if average is None else {"mean": average.mean, "steps": average.steps},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """What ``state`` gave."""
        self.network.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._objective.load_state_dict(state["objective"])
        if self._average is not None:
            self._average.mean, self._average.steps = state["average"]["mean"], state["average"]["steps"]


def _copy(weights: State) -> State:
    return {name: value.detach().clone() for name, value in weights.items()}
