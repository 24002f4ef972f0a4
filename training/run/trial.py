"""What a training step costs on this machine, measured on a few pairs; nothing is written."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..config import TrainConfig
from ..data.pairs import Pairs
from ..machine import keep_freed_memory, resolve_precision
from ..model.checkpoint import Checkpoint
from ..model.embed import pooled_distinct
from ..step.batch import BatchMaker
from ..step.distributed import World
from ..step.learner import Learner
from ..step.optimizer import chosen_optimizer, is_large

#: Pairs of the step that is timed.
ROWS = 64
_REPEATS = 2


@dataclass(frozen=True)
class Costs:
    """``step``: seconds of a training step, for each pair of the batch. ``embed``: seconds of both towers, without a graph, for
    each pair. Bytes: ``weights`` of the model, ``learning`` those of them that learn, ``graph`` what a step holds for its backward
    pass, for each pair; ``process``: what this process had before, its libraries included."""

    step: float
    embed: float
    weights: int
    learning: int
    graph: float
    process: int
    optimizer: str
    precision: str
    device: str
    large: bool


def embed_seconds(checkpoint: Checkpoint, pairs: Pairs, precision: str, world: World) -> float:
    """Seconds of both towers' outputs, without a graph, for each of ``pairs``, decoding included; the model moves to the device."""
    network: torch.nn.Module = checkpoint.model
    network.to(world.device)
    began = time.perf_counter()
    pooled_distinct(checkpoint, pairs, resolve_precision(precision, world.device))
    return (time.perf_counter() - began) / len(pairs)


def try_step(config: TrainConfig, checkpoint: Checkpoint, pairs: Pairs) -> Costs:
    """Time a step of ``config`` (towers that are both locked: only their outputs) on ``pairs``, which takes a few seconds.

    The weights of ``checkpoint`` change. ``pairs``: about ROWS, of which as many are taken as fill a batch or a micro-batch.
    """
    world = World()
    if world.device.type == "cpu":
        keep_freed_memory()
    process = _resident()
    embed = embed_seconds(checkpoint, pairs, config.precision, world)
    precision = resolve_precision(config.precision, world.device)
    weights = sum(p.numel() * p.element_size() for p in checkpoint.model.parameters())
    step, learning, graph = 0.0, 0, 0.0
    if config.lock != "both" or config.unlock_layers:
        step, graph, learning = _step(config, checkpoint, pairs, precision, world)
    return Costs(
        step=step,
        embed=embed,
        weights=weights,
        learning=learning,
        graph=graph,
        process=process,
        optimizer=chosen_optimizer(checkpoint.model, config),
        precision=precision,
        device=str(world.device),
        large=is_large(checkpoint.model),
    )


def _step(
    config: TrainConfig, checkpoint: Checkpoint, pairs: Pairs, precision: str, world: World
) -> tuple[float, float, int]:
    """Seconds and bytes of the graph of a step, each for a pair; and bytes of what learns."""
    rows = min(config.batch_size, config.micro_batch or config.batch_size, ROWS, len(pairs))
    config = replace(config, batch_size=max(2, rows), micro_batch=None, samples=None)
    learner = Learner(checkpoint, config, precision, world)
    batch = BatchMaker(config, checkpoint, pairs, None, world).make(0)
    weights = {p.untyped_storage().data_ptr() for p in checkpoint.model.parameters()}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        learner.gradients(batch)
    learner.update(1e-9)
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        learner.gradients(batch)
        learner.update(1e-9)
        times.append(time.perf_counter() - began)
    learning = sum(p.numel() * p.element_size() for p in learner.trained())
    return min(times) / len(batch), sum(saved.values()) / len(batch), learning


def _resident() -> int:
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
