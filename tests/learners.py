"""A learner of a tiny CLIP and its first batch of coloured squares. Needs torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.pairs import write_squares


def learner_and_batch(base: str, squares: Path, **changes: Any) -> tuple[Any, Any]:
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.batch import BatchMaker
    from clipseek.training.step.distributed import World
    from clipseek.training.step.learner import Learner

    config = TrainConfig(**{"base": base, "batch_size": 24, "precision": "fp32", "clip_norm": 0.0, **changes})
    checkpoint = load_checkpoint(base)
    pairs = load_pairs(write_squares(squares, copies=2), checkpoint.image)
    learner = Learner(checkpoint, config, "fp32", World())
    return learner, BatchMaker(config, checkpoint, pairs, None).make(0)


def gradients(learner: Any) -> dict[str, Any]:
    return {name: value.grad for name, value in learner.network.named_parameters() if value.grad is not None}
