"""The options of ``clipseek train`` that change a recipe. What is not given stays as the recipe has it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import click

Command = TypeVar("Command", bound=Callable[..., Any])

# Here and not read from training.recipes: --help imports nothing that computes. tests/unit/cli/test_train.py compares.
NAMES = ("best", "adapter", "talk/run-1", "talk/run-2", "talk/run-3", "talk/run-4", "talk/run-5")

#: option -> (field of TrainConfig, type, help)
_VALUES: dict[str, tuple[str, Any, str]] = {
    "--epochs": ("epochs", float, "Passes over the pairs."),
    "--samples": ("samples", int, "Draw this many pairs per epoch, with replacement, instead of each pair once."),
    "--minutes": ("minutes", float, "Time limit, evaluation included; the learning rate schedule follows the clock."),
    "--batch-size": ("batch_size", int, "Pairs per batch. The other pairs are the negatives."),
    "--micro-batch": (
        "micro_batch",
        int,
        "Gradient caching: compute this many pairs at a time, with the loss of the whole batch, to save memory.",
    ),
    "--lr": ("learning_rate", float, "Peak learning rate."),
    "--optimizer": ("optimizer", click.Choice(["muon", "adamw"]), "Optimizer of the weight matrices in the layers."),
    "--muon-factor": ("muon_factor", float, "Learning rate of Muon, as a multiple of --lr."),
    "--embedding-factor": (
        "embedding_factor",
        float,
        "Learning rate of the token embeddings, as a multiple of --lr.",
    ),
    "--layer-decay": (
        "layer_decay",
        float,
        "Layer-wise learning rate decay: each layer's rate as a fraction of the next higher layer's.",
    ),
    "--schedule": ("schedule", click.Choice(["cosine", "linear", "constant"]), "Learning rate schedule."),
    "--warmup": ("warmup", float, "Fraction of the run with a linear learning rate warm-up."),
    "--weight-decay": ("weight_decay", float, "Weight decay of the weight matrices."),
    "--clip-norm": ("clip_norm", float, "Maximum gradient norm; 0 disables clipping."),
    "--precision": (
        "precision",
        click.Choice(["auto", "fp32", "bf16"]),
        "Compute dtype; auto is bf16 where the hardware supports it.",
    ),
    "--loss": ("loss", click.Choice(["softmax", "sigmoid"]), "Loss: softmax as in CLIP, or sigmoid as in SigLIP."),
    "--max-tokens": ("max_tokens", int, "Truncate captions to this many tokens.  [default: the model's context]"),
    "--lock": ("lock", click.Choice(["none", "image", "text", "both"]), "Towers to freeze."),
    "--unlock-layers": ("unlock_layers", int, "Train the last N layers of a locked tower anyway."),
    "--ema": (
        "ema",
        float,
        "Keep an exponential moving average of the weights with this decay, e.g. 0.99.",
    ),
    "--patience": ("patience", int, "Stop after this many validations without a better whole-gallery MRR."),
    "--val-fraction": (
        "validation_share",
        float,
        "Fraction of SOURCE's groups to hold out for validation, without --validation.",
    ),
    "--keep-share": ("keep_share", float, "Fraction of each batch to draw from --keep."),
    "--keep-loss": ("keep_loss", float, "Fraction of the general MRR that fine-tuning may lose."),
    "--choose": (
        "choose",
        click.Choice(["validation", "last"]),
        "Weights to keep: the best on validation, or the last.",
    ),
    "--seed": ("seed", int, "Random seed."),
}
#: flags, on/off -> (field, help)
_FLAGS: dict[str, tuple[str, str]] = {
    "--augment/--no-augment": ("augment", "Add each caption a second time, with shuffled tags and some dropped."),
    "--views/--no-views": ("views", "With --augment, also shift, scale and brighten pictures at random."),
    "--share-targets/--no-share-targets": (
        "share_targets",
        "Do not use pairs of an equal caption, picture or group as negatives of each other.",
    ),
    "--intra-modal/--no-intra-modal": ("intra_modal", "Add image-image and text-text negatives to the loss."),
    "--interpolate/--no-interpolate": (
        "interpolate",
        "Interpolate between the base and the fine-tuned weights, at the best point on validation.",
    ),
    "--keep-epochs/--no-keep-epochs": ("keep_epochs", "Keep a checkpoint of every epoch."),
}


@dataclass(frozen=True)
class Recipe:
    """A recipe by name, and the fields of TrainConfig that the command line changes."""

    name: str
    changes: dict[str, Any]


def recipe_options(command: Command) -> Command:
    """Add --recipe and all that changes one, in the order above; the command gets ``recipe``, a Recipe."""
    fields = [field for field, *_ in (*_VALUES.values(), *_FLAGS.values())]

    @functools.wraps(command)
    def call(*args: Any, recipe: str, **given: Any) -> Any:
        changes = {field: value for field in fields if (value := given.pop(field)) is not None}
        return command(*args, recipe=Recipe(recipe, changes), **given)

    for names, (field, text) in reversed(_FLAGS.items()):
        call = click.option(names, field, default=None, help=text)(call)
    for name, (field, kind, text) in reversed(_VALUES.items()):
        call = click.option(name, field, type=kind, default=None, help=text)(call)
    text = "Settings to start from: best, adapter (frozen towers), or a run of Sujit Pal's Haystack 2022 talk."
    option = click.option("--recipe", type=click.Choice(NAMES), default="best", show_default=True, help=text)
    return cast(Command, option(call))
