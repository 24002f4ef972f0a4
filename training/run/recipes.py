"""Named settings: ours, which docs/log/training-recipe.md argues for, and the five runs of the talk that this project started
from: Sujit Pal, "Learning a Joint Embedding Representation for Image Search using Self-supervised means", Haystack 2022.

``auto`` (auto.py) chooses between ``adapter`` and the whole model, its rate and its length, by validation.

``adapter`` is for machines without a GPU: both towers are locked, and new projections of their outputs are trained in a minute
or so. No projection can tell apart what the towers do not see: where there is time, ``best`` goes further.

The talk's recipe is that of its code (elsevierlabs-os/clip-image-search, fine-tuning/train.py): each epoch draws ``samples`` pairs
with replacement; AdamW as transformers had it (no weight decay, betas .9 and .999, epsilon 1e-6), a learning
rate that falls linearly to 0 without warm-up, captions truncated to 64 tokens, no augmentation, no clipping of gradients or
temperature, fp32, a tenth held out; every other pair of a batch is a negative, also with an equal caption; the weights of the last
epoch are the result.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..config import TrainConfig
from ..errors import TrainingError

_TALK: dict[str, Any] = {
    "optimizer": "adamw",
    "embedding_factor": 1.0,
    "schedule": "linear",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "betas": (0.9, 0.999),
    "epsilon": 1e-6,
    "clip_norm": 0.0,
    "max_tokens": 64,
    "long_captions": "cut",
    "augment": False,
    "share_targets": False,
    "intra_modal": False,
    "keep_share": 0.0,
    "interpolate": False,
    "choose": "last",
    "keep_epochs": True,
    "precision": "fp32",
    "max_scale": 0.0,
    "validation_share": 0.1,
}

#: How many training pairs the talk had; its ``samples`` are shares of them.
TALK_PAIRS = 148_153

RECIPES: dict[str, dict[str, Any]] = {
    "auto": {},
    "best": {},
    "adapter": {
        "lock": "both",
        "intra_modal": False,
        "batch_size": 1024,
        "learning_rate": 1e-3,
        "epochs": 30.0,
        "patience": 5,
    },
    "talk/run-1": {**_TALK, "samples": 20_000, "batch_size": 32, "learning_rate": 5e-5, "epochs": 5.0},
    "talk/run-2": {**_TALK, "samples": 20_000, "batch_size": 64, "learning_rate": 5e-5, "epochs": 5.0},
    "talk/run-3": {**_TALK, "samples": 20_000, "batch_size": 64, "learning_rate": 1e-4, "epochs": 5.0},
    "talk/run-4": {**_TALK, "samples": 20_000, "batch_size": 64, "learning_rate": 5e-5, "epochs": 10.0},
    "talk/run-5": {**_TALK, "samples": 50_000, "batch_size": 64, "learning_rate": 5e-5, "epochs": 10.0},
}


#: LoRA learns best at about ten times the rate of the whole weights (Schulman et al. 2025, "LoRA without regret").
LORA_FACTOR = 10.0


def from_recipe(name: str, **changes: Any) -> TrainConfig:
    """The recipe's settings with ``changes`` on top; those that are None leave the recipe's. Raises TrainingError."""
    if name not in RECIPES:
        raise TrainingError(f"recipe is {name!r}, expected one of {', '.join(RECIPES)}")
    given = {field: value for field, value in changes.items() if value is not None}
    if given.get("loss") == "sigmoid":
        if given.get("intra_modal"):
            raise TrainingError(
                "intra_modal is for the softmax loss: the sigmoid loss has no such negatives; leave one out"
            )
        given["intra_modal"] = False
    config = TrainConfig(**{"recipe": name, **RECIPES[name], **given})
    if config.lora is None or "learning_rate" in given or name == "auto":  # which looks for a rate by itself
        return config
    return replace(config, learning_rate=config.learning_rate * LORA_FACTOR)
