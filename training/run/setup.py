"""What a run is made of, what of it is saved, and how it begins: from the base model, or where it was stopped."""

from __future__ import annotations

import math
import platform
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from clipseek.encoder.device.session import available_cores

from ..config import TrainConfig
from ..data.pairs import Pairs
from ..data.split import split_pairs
from ..data.streamed import Streamed
from ..data.trained_on import marks_of
from ..machine import keep_freed_memory, resolve_precision
from ..model.checkpoint import load_checkpoint
from ..model.weights import Weights, copied
from ..step.batch import make_batches
from ..step.distributed import World
from ..step.learner import Learner
from ..step.optimizer import chosen_optimizer
from .model_card import licence_of
from .run_folder import Event, RunFolder, save_checkpoint
from .validation import PASSES_TO_CHOOSE, Figures, Validation

#: Where held-out pairs choose the recipe, more of few are held out, so that the choice rests on something.
HELD_OUT, MOST_HELD_OUT = 200, 0.2


@dataclass
class TrainState:
    """All that a run changes, besides the learner's own state (weights, optimizer) and torch's random numbers."""

    best: Weights = field(default_factory=dict)  # the best on validation so far, at first the base's
    before: Figures = field(default_factory=dict)  # the base's, on the validation pairs
    best_mrr: float = -1.0
    passes_since_best: int = 0  # validation passes, for config.patience
    step: int = 0
    last_pass_seconds: float = 0.0
    all_passes_seconds: float = 0.0
    resumed: float = 0.0  # seconds spent before --resume; the clock of the rest starts with the object

    def __post_init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The run's time until now, also before --resume."""
        return self.resumed + time.perf_counter() - self._started

    def state_dict(self) -> dict[str, Any]:
        """Its fields, the seconds until now among them."""
        fields = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return {**fields, "resumed": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What ``state_dict`` gave."""
        vars(self).update(state)


class Run:
    """The parts of a run. ``state`` and ``learner`` change with its steps, and are saved."""

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        world: World,
        pairs: Pairs,
        keep: Pairs | None,
        validation: Pairs | None,
        keep_validation: Pairs | None,
    ) -> None:
        self.state = TrainState()  # first: its clock counts what follows
        self.config, self.folder, self.world = config, folder, world
        torch.manual_seed(config.seed)
        # In a container torch counts the machine's cores, not those that it may use; processes share them.
        torch.set_num_threads(max(1, min(torch.get_num_threads(), available_cores() // world.size)))
        if world.device.type == "cpu":
            keep_freed_memory()
        self.precision = resolve_precision(config.precision, world.device)
        self.checkpoint = load_checkpoint(config.base)
        self.checkpoint = replace(self.checkpoint, image=config.image_of(self.checkpoint.image))
        folder.notify({"event": "loaded"})
        self.learner = Learner(self.checkpoint, config, self.precision, world)
        self.base = self.state.best = copied(self.learner.network.state_dict())
        self.pairs, held_out = (
            (pairs, validation)
            if validation is not None
            else split_held_out(pairs, config.validation_share, config.seed, folder.notify)
        )
        self.held_out = 0 if held_out is None else len(held_out)
        locked = config.lock == "both" and not config.unlock_layers
        self.validation = Validation(held_out, keep_validation, self.precision, config.seed, locked)
        features = self.precision if locked else None
        self.maker = make_batches(config, self.checkpoint, self.pairs, keep, world, features, folder.notify)
        self.optimizer = chosen_optimizer(self.checkpoint.model, config)
        self.total_steps = max(1, round(config.epochs * self.maker.steps_per_epoch))
        self.data = self.pairs.fingerprint()
        self._trained = [self.pairs, *([keep] if keep is not None else [])]
        # Pictures that are decoded as training goes are not decoded for figures before the first step.
        sides = (self.pairs, held_out, keep_validation)
        self._late = any(side is not None and isinstance(side.pixels, Streamed) for side in sides)

    def begin(self, resume: bool) -> None:
        """Start over, with the base's figures, or from the state that the folder holds; the clock of a timed run is set."""
        state, config = self.state, self.config
        saved = self.folder.resume(config, self.data) if resume else None
        if saved is not None:
            state.load_state_dict(saved["run"])
            self.learner.load_state_dict(saved["learner"])
            torch.set_rng_state(saved["random"])
        device, processes = self.world.device, self.world.size
        self.folder.notify(
            {
                "event": "start",
                "pairs": len(self.pairs),
                "validation_pairs": self.held_out,
                "steps": self.total_steps,
                "step": state.step,
                "precision": self.precision,
                "optimizer": self.optimizer,
                "device": str(device) if processes == 1 else f"{processes} x {device.type}",
            }
        )
        if saved is None:
            self.folder.start(config, _environment(self))
            if not self._late:
                state.before = self.measure()
        self.time_limit = math.inf  # seconds
        if config.minutes is not None:
            limit = _time_limit(config, config.minutes * 60, state.last_pass_seconds)
            self.time_limit = self.world.agreed(limit)
        # For pairs a second; validating and saving, ``aside``, do not count.
        self.pairs_seen, self.waiting, self.aside = 0, 0.0, 0.0  # the latter two in seconds
        self.begun = self.saved_at = time.perf_counter()
        self.best_is_saved = True  # the weights best on validation, in the folder

    def seconds_on_pairs(self) -> float:
        return max(1e-9, time.perf_counter() - self.begun - self.aside)

    def measure_base(self) -> None:
        """The figures of the base, where they were not measured before the first step."""
        if not self._late or self.state.before:
            return
        network = self.learner.network
        current = copied(network.state_dict())
        network.load_state_dict(self.base)
        self.state.before = self.measure(0)
        network.load_state_dict(current)

    def measure(self, step: int | None = None) -> Figures:
        """A validation pass over the network's weights, recorded."""
        started = time.perf_counter()
        figures = self.validation.measure(self.checkpoint)
        self.state.last_pass_seconds = time.perf_counter() - started
        self.state.all_passes_seconds += self.state.last_pass_seconds
        self.folder.record({"event": "validation", "step": self.state.step if step is None else step, **figures})
        return figures

    def save(self, folder: Path, alpha: float = 1.0, **more: Any) -> Event:
        """Save the network as a checkpoint; gives its provenance. ``alpha`` as in weights.Interpolation."""
        recipe, steps = self.config.as_dict(), self.state.step
        about = {"base": self.config.base, "data": self.data, "recipe": recipe, "steps": steps, "alpha": alpha, **more}
        about |= {"pairs": len(self.pairs), "validation_pairs": self.held_out, "optimizer": self.optimizer}
        about["before"] = self.state.before
        about["validation_gallery"] = self.validation.gallery
        about["splits"] = Counter(str(facts.get("split") or "") for facts in self.pairs.facts).most_common()
        about["base_licence"] = licence_of(Path(self.config.base))
        if self.learner.bias is not None:
            about["logit_bias"] = self.learner.bias
        if self.world.chief:
            save_checkpoint(self.checkpoint, folder, about, marks_of(self._trained, Path(self.config.base)))
        return about

    def note_pictures(self) -> list[tuple[str, str]]:
        """Keep which streamed pictures were decoded; gives (file, reason) of those that could not be."""
        streams = [part.pixels for part in self._trained if isinstance(part.pixels, Streamed)]
        for stream in streams:
            stream.note()
        return [problem for stream in streams for problem in stream.unreadable()]

    def save_best(self) -> None:
        """Write the weights best on validation where they are not yet in the folder."""
        if self.best_is_saved:
            return
        current = copied(self.learner.network.state_dict())
        self.learner.network.load_state_dict(self.state.best)
        self.save(self.folder.best)
        self.learner.network.load_state_dict(current)
        self.best_is_saved = True


def _time_limit(config: TrainConfig, seconds: float, pass_seconds: float) -> float:
    """When the last step of a run of so many seconds ends: choosing and saving the weights comes after it."""
    passes = (PASSES_TO_CHOOSE if config.interpolate else 0) + 1
    return max(0.5 * seconds, seconds - passes * pass_seconds - 1.0)


def auto_share(config: TrainConfig, pairs: int) -> float:
    """The share of so many pairs that the recipe ``auto`` holds out."""
    return min(MOST_HELD_OUT, max(config.validation_share, HELD_OUT / max(1, pairs)))


def split_held_out(
    pairs: Pairs, share: float, seed: int, notify: Callable[[Event], None] = lambda event: None
) -> tuple[Pairs, Pairs | None]:
    """Training and validation pairs; None where either would be left with fewer than two groups."""

    def progress(done: int, of: int) -> None:
        notify({"event": "comparing", "done": done, "of": of})

    learn, held = split_pairs(pairs, share, seed, progress)
    if any(len({pairs.groups[row] for row in rows}) < 2 for rows in (learn, held)):
        return pairs, None
    return pairs.take(learn), pairs.take(held)


def _environment(run: Run) -> Event:
    """What a run's figures depend on besides its config."""
    import transformers

    device = run.world.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "device": name,
        "processes": run.world.size,
        "precision": run.precision,
        "optimizer": run.optimizer,
        "threads": torch.get_num_threads(),
        "pairs": len(run.pairs),
        "data": run.data,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
