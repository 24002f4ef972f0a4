"""One step of learning: views, vectors, loss, gradients, and the weights' move.

The gradient goes through the vectors: first the loss's gradient by every vector of the whole batch, then each vector's by
the weights. So a batch need not be in memory at once (gradient caching, Gao et al. 2021, "Scaling Deep Contrastive Learning
Batch Size under Memory Limited Setup"), and processes need exchange nothing but vectors and gradients. The numbers are
those of the plain step, up to the order of sums.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .augment import draw_views
from .average import RunningAverage
from .batch import Batch
from .config import TrainConfig
from .distributed import World
from .errors import TrainingError
from .loss import MAX_LOG_SCALE
from .model import Checkpoint, rounded_length
from .objective import Objective
from .optimizer import lock, make_optimizer
from .wise import State


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
        first = world.part(len(batch.keys)).start
        own = len(batch.pixels) if batch.pooled is None else len(batch.pooled[0])
        size = min(config.micro_batch or own, own)
        parts = [slice(start, min(start + size, own)) for start in range(0, own, size)]

        def encode(rows: slice, embedded: Tensor | None = None) -> tuple[Tensor, Tensor]:
            """(n, D) pictures' and texts' vectors of some of this process's rows."""
            if batch.pooled is not None:
                image, text = (side[rows].to(world.device, non_blocking=True) for side in batch.pooled)
                return _projected(image, model.visual_projection), _projected(text, model.text_projection)
            pixels = batch.pixels[rows].to(world.device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
            if views is not None:
                pixels = views.of(pixels, first + rows.start)
            images = self._checkpoint.encode_pixels(pixels, self._precision)
            return images, self._checkpoint.encode_tokens(_rows(batch.tokens, rows), self._precision, embedded)

        with torch.set_grad_enabled(len(parts) == 1):
            encoded = [encode(rows) for rows in parts]
        images, texts = (torch.cat(side) if len(parts) > 1 else side[0] for side in zip(*encoded, strict=True))
        # The loss of the whole batch, and its gradient by every vector of it.
        every_image, every_text = (world.gather(side).requires_grad_() for side in (images, texts))
        loss = self._objective(every_image, every_text, batch.keys.to(world.device), model.logit_scale)
        loss.backward()
        assert every_image.grad is not None
        assert every_text.grad is not None
        here = world.part(len(batch.keys))
        by_image, by_text = every_image.grad[here], every_text.grad[here]
        # Every process has these whole already; all else is a sum over the processes' rows.
        whole = {id(model.logit_scale), *(id(parameter) for parameter in self._objective.parameters())}
        if len(parts) == 1:
            _backward((images, texts), (by_image, by_text))
        else:
            self._push_parts(batch, parts, encode, by_image, by_text)
        world.add_up(p.grad for p in self.network.parameters() if id(p) not in whole)
        if config.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.clip_norm)
        return float(loss.detach())  # waits for the device: one small wait a step buys never saving broken weights

    def _push_parts(
        self,
        batch: Batch,
        parts: list[slice],
        encode: Callable[[slice, Tensor | None], tuple[Tensor, Tensor]],
        by_image: Tensor,
        by_text: Tensor,
    ) -> None:
        """Encode each part again, now with a graph, and push its vectors' gradients on. Embeddings are looked up before, and
        their gradients go into the table at once: each lookup's gradient is as large as the table."""
        embedded = self._checkpoint.embed_tokens(batch.tokens) if batch.tokens else None
        collected = None if embedded is None or not embedded.requires_grad else torch.zeros_like(embedded)
        for rows in parts:
            own: Tensor | None = None
            if embedded is not None:
                longest = _longest(batch.tokens, rows)
                own = embedded[rows, :longest].detach().requires_grad_(embedded.requires_grad)
            _backward(encode(rows, own), (by_image[rows], by_text[rows]))
            if collected is not None and own is not None and own.grad is not None:
                collected[rows, : own.shape[1]] = own.grad
        if embedded is not None and collected is not None:
            embedded.backward(collected)

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


def _longest(tokens: dict[str, Tensor], rows: slice) -> int:
    mask = tokens["attention_mask"]
    return rounded_length(mask[rows].sum(1), mask.shape[1])


def _rows(tokens: dict[str, Tensor], rows: slice) -> dict[str, Tensor]:
    """Some rows, cut to their own longest caption."""
    longest = _longest(tokens, rows)
    return {name: values[rows, :longest] for name, values in tokens.items()}


def _projected(pooled: Tensor, projection: nn.Linear) -> Tensor:
    return functional.normalize(projection(pooled), dim=-1)


def _backward(vectors: tuple[Tensor, Tensor], gradients: tuple[Tensor, Tensor]) -> None:
    """Push the gradients on into the weights; a locked tower's vectors carry none."""
    live = [pair for pair in zip(vectors, gradients, strict=True) if pair[0].requires_grad]
    torch.autograd.backward([vector for vector, _ in live], [gradient for _, gradient in live])


def _copy(weights: State) -> State:
    return {name: value.detach().clone() for name, value in weights.items()}
