"""What a run is made of, and how it begins: afresh, or where it was stopped."""

from __future__ import annotations

import math
import platform
import time
from dataclasses import dataclass, field

import torch
from clipseek.encoder.device.session import available_cores

from ..config import TrainConfig
from ..data.pairs import Pairs, split_pairs
from ..machine import keep_freed_memory, resolve_precision
from ..model.checkpoint import Checkpoint, load_checkpoint
from ..model.weights import Weights, copied
from ..step.batch import BatchMaker, make_batches
from ..step.distributed import World
from ..step.learner import Learner
from .run_folder import Event, RunFolder
from .state import Figures, Speed, TrainState
from .validation import PASSES_TO_CHOOSE, Validation


@dataclass
class Run:
    """The parts of a run. ``state`` and ``learner`` change with its steps, and are saved."""

    config: TrainConfig
    folder: RunFolder
    world: World
    state: TrainState
    learner: Learner
    checkpoint: Checkpoint
    validation: Validation
    maker: BatchMaker
    base: Weights
    data: str  # fingerprint of the training pairs
    total_steps: int
    time_limit: float = math.inf  # seconds
    speed: Speed = field(default_factory=Speed)
    saved_at: float = field(default_factory=time.perf_counter)

    def measure(self) -> Figures:
        """A validation pass over the network's weights, recorded."""
        started = time.perf_counter()
        figures = self.validation.measure(self.checkpoint)
        self.state.last_pass_seconds = time.perf_counter() - started
        self.state.all_passes_seconds += self.state.last_pass_seconds
        self.folder.record({"event": "validation", "step": self.state.step, **figures})
        return figures

    def provenance(self, alpha: float = 1.0) -> Event:
        """What a checkpoint comes from; ``alpha`` as in weights.Interpolation."""
        recipe = self.config.as_dict()
        return {"base": self.config.base, "data": self.data, "recipe": recipe, "steps": self.state.step, "alpha": alpha}


def set_up(
    config: TrainConfig,
    folder: RunFolder,
    world: World,
    pairs: Pairs,
    keep: Pairs | None,
    validation: Pairs | None,
    keep_validation: Pairs | None,
    resume: bool,
) -> Run:
    """Load the base, divide the pairs, and begin: with the base's figures, or with the state saved in ``folder``."""
    state = TrainState()  # first: its clock counts what follows
    torch.manual_seed(config.seed)
    # In a container torch counts the machine's cores, not those that it may use; processes share them.
    torch.set_num_threads(max(1, min(torch.get_num_threads(), available_cores() // world.size)))
    if world.device.type == "cpu":
        keep_freed_memory()
    precision = resolve_precision(config.precision, world.device)
    checkpoint = load_checkpoint(config.base)
    learner = Learner(checkpoint, config, precision, world)
    state.tuned = base = copied(learner.network.state_dict())
    if validation is None:
        pairs, validation = _held_out(config, pairs)
    locked = config.lock == "both" and not config.unlock_layers
    maker = make_batches(config, checkpoint, pairs, keep, world, precision if locked else None, folder.tell)
    total_steps = max(1, round(config.epochs * maker.steps_per_epoch))
    passes = Validation(validation, keep_validation, precision, config.seed, locked)
    run = Run(config, folder, world, state, learner, checkpoint, passes, maker, base, pairs.fingerprint(), total_steps)
    saved = folder.resume(config, run.data) if resume else None
    if saved is not None:
        state.load_state_dict(saved["run"])
        learner.load_state_dict(saved["learner"])
        torch.set_rng_state(saved["random"])
    folder.tell(
        {
            "event": "start",
            "pairs": len(pairs),
            "validation_pairs": 0 if validation is None else len(validation),
            "steps": total_steps,
            "step": state.step,
            "precision": precision,
            "device": str(world.device) if world.size == 1 else f"{world.size} x {world.device.type}",
        }
    )
    if saved is None:
        folder.start(config, _environment(world, precision, run.data, len(pairs)))
        state.before = run.measure()
    if config.minutes is not None:
        run.time_limit = world.agreed(_time_limit(config, config.minutes * 60, state.last_pass_seconds))
    run.speed, run.saved_at = Speed(), time.perf_counter()
    return run


def _time_limit(config: TrainConfig, seconds: float, pass_seconds: float) -> float:
    """When the last step of a run of so many seconds ends: choosing and saving the weights comes after it."""
    passes = (PASSES_TO_CHOOSE if config.interpolate else 0) + 1
    return max(0.5 * seconds, seconds - passes * pass_seconds - 1.0)


def _held_out(config: TrainConfig, pairs: Pairs) -> tuple[Pairs, Pairs | None]:
    """Training and validation pairs; None where either would be left with fewer than two groups."""
    learn, held = split_pairs(pairs, config.validation_share, config.seed)
    if any(len({pairs.groups[row] for row in rows}) < 2 for rows in (learn, held)):
        return pairs, None
    return pairs.take(learn), pairs.take(held)


def _environment(world: World, precision: str, data: str, pairs: int) -> Event:
    """What a run's figures depend on besides its config."""
    import transformers

    device = world.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "device": name,
        "processes": world.size,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "pairs": pairs,
        "data": data,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
