"""Everything that decides a training run, in one frozen value; it is written beside what it made."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import TrainingError
from .schedule import SCHEDULES


@dataclass(frozen=True)
class TrainConfig:
    """``minutes`` ends a run on time, its evaluations included: the schedule follows whichever of steps and clock is
    further on. Without it a run is a function of config and data alone."""

    base: str = "openai/clip-vit-base-patch32"
    epochs: float = 10.0
    batch_size: int = 64
    learning_rate: float = 1e-5
    weight_decay: float = 0.1
    schedule: str = "cosine"  # cosine, linear, constant
    warmup: float = 0.05  # share of the run
    minutes: float | None = None
    precision: str = "auto"  # auto, fp32, bf16
    augment: bool = True
    keep_share: float = 0.15  # of each batch, from the pairs that must not be forgotten, where such are given
    keep_loss: float = 0.15  # share of the general MRR that interpolating with the base may give up
    interpolate: bool = True  # WiSE-FT: choose on validation how far to go from the base to the tuned weights
    validation_share: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        rules = (
            ("epochs", self.epochs > 0, "more than 0"),
            ("batch_size", self.batch_size >= 2, "at least 2 (a caption needs another picture to tell its own from)"),
            ("learning_rate", 0 < self.learning_rate < 1, "between 0 and 1"),
            ("warmup", 0 <= self.warmup < 1, "from 0 to below 1"),
            ("minutes", self.minutes is None or self.minutes > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("schedule", self.schedule in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
            ("precision", self.precision in ("auto", "fp32", "bf16"), "auto, fp32 or bf16"),
            ("keep_loss", 0 <= self.keep_loss <= 1, "from 0 to 1"),
            ("keep_share", 0 <= self.keep_share < 1, "from 0 to below 1"),
            ("validation_share", 0 < self.validation_share < 0.5, "above 0 and below 0.5"),
        )
        for name, fits, expected in rules:
            if not fits:
                raise TrainingError(f"{name} is {getattr(self, name)!r}, expected {expected}")

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_dict(), indent=1) + "\n", "utf-8")

    @classmethod
    def read(cls, path: Path) -> TrainConfig:
        """What ``write`` wrote; fields of other versions are passed over."""
        stored = json.loads(path.read_text("utf-8"))
        return cls(**{field.name: stored[field.name] for field in dataclasses.fields(cls) if field.name in stored})
