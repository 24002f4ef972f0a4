"""Where a run stands, and what of it is written: for --resume, and as checkpoints, each whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from clipseek.files.whole import whole_file, whole_folder

from ..model.checkpoint import Checkpoint
from ..model.weights import Weights

Figures = dict[str, float]


@dataclass
class TrainState:
    """All that a run changes, besides the learner's own state (weights, optimizer) and torch's random numbers."""

    tuned: Weights = field(default_factory=dict)  # the best on validation so far, at first the base's
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
        values = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        return {**values, "resumed": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What ``state_dict`` gave."""
        for entry in dataclasses.fields(self):
            setattr(self, entry.name, state[entry.name])


class Speed:
    """Counts for pairs a second, without the time of validating and saving; they begin anew with each process."""

    def __init__(self) -> None:
        self.pairs = 0
        self.waiting = 0.0  # seconds
        self.aside = 0.0  # seconds that were not spent on pairs
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Spent on pairs."""
        return max(1e-9, time.perf_counter() - self._started - self.aside)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """``torch.save`` under another name, then renamed: a killed run leaves the last whole state."""
    with whole_file(path) as part:
        torch.save(state, part)


def load_state(path: Path) -> dict[str, Any]:
    """What ``save_state`` wrote."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def save_checkpoint(checkpoint: Checkpoint, folder: Path, provenance: dict[str, Any]) -> None:
    """Write the checkpoint folder beside its name, then swap it in; ``provenance`` becomes clipseek_training.json."""
    with whole_folder(folder) as part:
        checkpoint.save(part)
        (part / "clipseek_training.json").write_text(json.dumps(provenance, indent=1) + "\n", "utf-8")
