"""The options of ``clipseek train`` that change a recipe. What is not given stays as the recipe has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

# Here and not read from training.recipes: --help imports nothing that computes. tests/unit/cli/test_train.py compares.
NAMES = ("best", "adapter", "talk/run-1", "talk/run-2", "talk/run-3", "talk/run-4", "talk/run-5")

#: option -> (field of TrainConfig, type, help)
_VALUES: dict[str, tuple[str, Any, str]] = {
    "--epochs": ("epochs", float, "Passes over the pairs."),
    "--samples": ("samples", int, "Draw so many pairs an epoch, with replacement, instead of each pair once."),
    "--minutes": ("minutes", float, "End on time, evaluation included; the learning rate follows the clock."),
    "--batch-size": ("batch_size", int, "Pairs in a batch: each is told from all others of its batch."),
    "--micro-batch": ("micro_batch", int, "Gradient caching: the same loss in the memory of so many pairs."),
    "--lr": ("learning_rate", float, "Highest learning rate."),
    "--optimizer": ("optimizer", click.Choice(["muon", "adamw"]), "For the matrices of the towers' layers."),
    "--muon-factor": ("muon_factor", float, "Muon's learning rate, as a multiple of --lr."),
    "--embedding-factor": ("embedding_factor", float, "The token embeddings' learning rate, as a multiple of --lr."),
    "--layer-decay": ("layer_decay", float, "Each layer's learning rate, as a share of that of the layer above it."),
    "--schedule": ("schedule", click.Choice(["cosine", "linear", "constant"]), "How the learning rate falls."),
    "--warmup": ("warmup", float, "Share of the run in which the learning rate rises."),
    "--weight-decay": ("weight_decay", float, "On matrices."),
    "--clip-norm": ("clip_norm", float, "Longest gradient; 0 takes it as it is."),
    "--precision": ("precision", click.Choice(["auto", "fp32", "bf16"]), "Arithmetic."),
    "--loss": ("loss", click.Choice(["softmax", "sigmoid"]), "CLIP's or SigLIP's."),
    "--max-tokens": ("max_tokens", int, "Cut captions there; the model's context by default."),
    "--lock": ("lock", click.Choice(["none", "image", "text", "both"]), "Towers that do not learn."),
    "--unlock-layers": ("unlock_layers", int, "How many last layers of a locked tower learn all the same."),
    "--ema": ("ema", float, "Keep a running mean of the weights: the share of the old ones a step, say 0.99."),
    "--patience": ("patience", int, "Stop after so many looks without a better whole-gallery MRR."),
    "--val-fraction": ("validation_share", float, "Share of SOURCE's groups held out where there is no --validation."),
    "--keep-share": ("keep_share", float, "Share of each batch that --keep fills."),
    "--keep-loss": ("keep_loss", float, "Share of the general MRR that may be given up."),
    "--choose": ("choose", click.Choice(["validation", "last"]), "Which weights are kept."),
    "--seed": ("seed", int, "Of everything random."),
}
#: flags, on/off -> (field, help)
_FLAGS: dict[str, tuple[str, str]] = {
    "--augment/--no-augment": ("augment", "Each caption a second time, its tags shuffled and some dropped."),
    "--views/--no-views": ("views", "With --augment: pictures shifted, scaled and brightened at random too."),
    "--share-targets/--no-share-targets": ("share_targets", "Equal captions and groups are not told from one another."),
    "--intra-modal/--no-intra-modal": ("intra_modal", "Pictures are told from pictures, captions from captions too."),
    "--interpolate/--no-interpolate": ("interpolate", "Choose a point between base and tuned weights."),
    "--keep-epochs/--no-keep-epochs": ("keep_epochs", "A checkpoint of each epoch."),
}


def recipe_options(command: F) -> F:
    """Add --recipe and all that changes one, in the order above."""
    for names, (field, text) in reversed(_FLAGS.items()):
        command = click.option(names, field, default=None, help=text)(command)
    for name, (field, kind, text) in reversed(_VALUES.items()):
        command = click.option(name, field, type=kind, default=None, help=text)(command)
    text = "Settings to begin from: ours, or the talk's runs as they were."
    return click.option("--recipe", type=click.Choice(NAMES), default="best", show_default=True, help=text)(command)


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given, by their names in TrainConfig, out of a command's options; takes them out of it."""
    fields = [field for field, *_ in (*_VALUES.values(), *_FLAGS.values())]
    return {field: value for field in fields if (value := options.pop(field)) is not None}
