"""What a step and a validation pass cost on this machine, so that equal seconds are no matter of what else it is doing: on a CPU
the process's CPU time over its threads, on a GPU the clock's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from clipseek.training.config import TrainConfig

if TYPE_CHECKING:
    from clipseek.training.data.pairs import Pairs

#: Steps of each recipe that are timed, each twice, of which the quicker counts; the first are not counted.
STEPS, FIRST = 10, 2


@dataclass(frozen=True)
class Pace:
    """``pair``: recipe -> seconds of its training steps for each pair seen. ``validation``: seconds of a validation pass."""

    pair: dict[str, float]
    validation: float

    def seconds(self, name: str, pairs: int, passes: int = 0) -> float:
        """Of ``pairs`` trained on by the recipe ``name`` and so many validation passes."""
        return pairs * self.pair[name] + passes * self.validation

    def pairs(self, name: str, seconds: float, passes: int = 0) -> int:
        """How many pairs the recipe ``name`` sees in ``seconds``, the passes among them."""
        return round((seconds - passes * self.validation) / self.pair[name])


def measure_pace(configs: Mapping[str, TrainConfig], pairs: Mapping[str, Pairs]) -> Pace:
    """The recipes' steps are timed in turns. ``pairs``: by manifest, as trials.py reads them."""
    from clipseek.training.machine import keep_freed_memory, resolve_precision
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.validation import Validation
    from clipseek.training.step.batch import BatchMaker
    from clipseek.training.step.distributed import World
    from clipseek.training.step.learner import Learner

    world = World()
    on_cpu = world.device.type == "cpu"
    if on_cpu:
        keep_freed_memory()
    sides: dict[str, tuple[Any, Any]] = {}
    for name, config in configs.items():
        checkpoint = load_checkpoint(config.base)
        network: Any = checkpoint.model
        network.to(world.device)
        precision = resolve_precision(config.precision, world.device)
        keep = pairs["general-train"] if config.keep_share else None
        maker = BatchMaker(config, checkpoint, pairs["domain-train"], keep, world)
        sides[name] = maker, Learner(checkpoint, config, precision, world)
        network.train()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for step in range(FIRST + STEPS):
        for name, (maker, learner) in sides.items():
            times[name].append(min(seconds_of(partial(_step, maker, learner, step), on_cpu=on_cpu) for _ in range(2)))
    validation = Validation(pairs["domain-val"], pairs["general-val"], precision, 0)
    passed = min(seconds_of(partial(validation.measure, checkpoint), on_cpu=on_cpu) for _ in range(2))
    sizes = {name: len(maker.make(0)) for name, (maker, _) in sides.items()}
    return Pace({name: statistics.mean(times[name][FIRST:]) / sizes[name] for name in sides}, passed)


def _step(maker: Any, learner: Any, step: int) -> None:
    learner.gradients(maker.make(step))
    learner.update(1e-9)


def seconds_of(call: Callable[[], Any], *, on_cpu: bool) -> float:
    """Seconds; those of a machine that does nothing else."""
    import torch

    clock, threads = (time.process_time, torch.get_num_threads()) if on_cpu else (time.perf_counter, 1)
    began = clock()
    call()
    return (clock() - began) / threads
