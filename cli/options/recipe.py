"""The options of ``clipseek train`` that change a recipe. What is not given stays as the recipe has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..terminal.output import note
from .gathering import gathered

if TYPE_CHECKING:
    from clipseek.training.config import TrainConfig

# Here and not read from training.recipes: --help imports nothing that computes. tests/unit/cli/test_train.py compares.
NAMES = ("auto", "best", "adapter", "talk/run-1", "talk/run-2", "talk/run-3", "talk/run-4", "talk/run-5")


class _Betas(click.ParamType[tuple[float, float]]):
    """Two numbers, as in 0.9,0.98."""

    name = "A,B"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[float, float]:
        try:
            first, second = map(float, str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} are not two numbers; give them as in 0.9,0.98", parameter, context)
        return first, second


#: option -> (field of TrainConfig, type, help)
_VALUES: dict[str, tuple[str, Any, str]] = {
    "--epochs": ("epochs", float, "Passes over the pairs."),
    "--samples": ("samples", int, "Draw this many pairs per epoch, with replacement, instead of each pair once."),
    "--minutes": ("minutes", float, "Time limit, evaluation included; the learning rate schedule follows the clock."),
    "--batch-size": ("batch_size", int, "Pairs per batch. The other pairs are the negatives."),
    "--micro-batch": ("micro_batch", int, "Gradient caching: pairs computed at a time, with the loss of the batch."),
    "--lr": ("learning_rate", float, "Peak learning rate."),
    "--optimizer": (
        "optimizer",
        ("auto", "muon", "adamw"),
        "Optimizer of the weight matrices in the layers; auto is AdamW for bases above 50 million parameters, else Muon.",
    ),
    "--muon-factor": ("muon_factor", float, "Learning rate of Muon, as a multiple of --lr."),
    "--embedding-factor": ("embedding_factor", float, "Learning rate of token embeddings, as a multiple of --lr."),
    "--layer-decay": ("layer_decay", float, "Factor on the learning rate from each layer to the one below it."),
    "--schedule": ("schedule", ("cosine", "linear", "constant"), "Learning rate schedule."),
    "--warmup": ("warmup", float, "Fraction of the run with a linear learning rate warm-up."),
    "--weight-decay": ("weight_decay", float, "Weight decay of the weight matrices."),
    "--betas": ("betas", _Betas(), "Decay of the averages of gradient and squared gradient, as in 0.9,0.98."),
    "--epsilon": ("epsilon", float, "Epsilon of AdamW."),
    "--clip-norm": ("clip_norm", float, "Maximum gradient norm; 0 disables clipping."),
    "--precision": ("precision", ("auto", "fp32", "bf16"), "Compute dtype; auto is bf16 where the hardware has it."),
    "--max-scale": ("max_scale", float, "Ceiling of the inverse temperature; 0 for none."),
    "--loss": ("loss", ("softmax", "sigmoid"), "Loss: softmax as in CLIP, or sigmoid as in SigLIP."),
    "--max-tokens": ("max_tokens", int, "Truncate captions to this many tokens.  [default: the model's context]"),
    "--long-captions": (
        "long_captions",
        ("split", "cut"),
        "Captions longer than the model's context, or --max-tokens: split makes several of each, by sentences, and says how many; "
        "cut leaves out what is beyond.  [default: split; cut in the talk's recipes]",
    ),
    "--lock": ("lock", ("none", "image", "text", "both"), "Towers to freeze."),
    "--unlock-layers": ("unlock_layers", int, "Train the last N layers of a locked tower anyway."),
    "--lora": (
        "lora",
        int,
        "LoRA: matrices learn as low-rank pairs of this rank, merged into the checkpoint. Learning rates are 10 times a recipe's.",
    ),
    "--ema": ("ema", float, "Keep an exponential moving average of the weights with this decay, e.g. 0.99."),
    "--patience": ("patience", int, "Stop after this many validations without a better whole-gallery MRR."),
    "--val-fraction": ("validation_share", float, "Fraction of SOURCE's groups held out, without --validation."),
    "--keep-share": ("keep_share", float, "Fraction of each batch to draw from --keep."),
    "--keep-loss": (
        "keep_loss",
        float,
        "Fraction of the general MRR, in batches and over the gallery, that fine-tuning may lose.",
    ),
    "--choose": ("choose", ("validation", "last"), "Weights to keep: the best on validation, or the last."),
    "--seed": ("seed", int, "Random seed."),
}
#: flags, on/off -> (field, help)
_FLAGS: dict[str, tuple[str, str]] = {
    "--augment/--no-augment": (
        "augment",
        "Add each caption a second time, varied by its form: tags shuffled and dropped, or sentences left out.",
    ),
    "--share-targets/--no-share-targets": ("share_targets", "Pairs of an equal caption or group are no negatives."),
    "--intra-modal/--no-intra-modal": ("intra_modal", "Add image-image and text-text negatives to the loss."),
    "--interpolate/--no-interpolate": ("interpolate", "Interpolate base and fine-tuned weights as validation says."),
    "--keep-epochs/--no-keep-epochs": ("keep_epochs", "Keep a checkpoint of every epoch."),
}


def _option(name: str, field: str, kind: Any, text: str) -> Any:
    names = (name, "--max-minutes") if name == "--minutes" else (name,)
    return click.option(*names, field, type=click.Choice(kind) if isinstance(kind, tuple) else kind, help=text)


#: Fields that ``auto`` decides by itself.
_DECIDED = (
    "epochs",
    "samples",
    "schedule",
    "warmup",
    "lock",
    "unlock_layers",
    "patience",
    "choose",
    "interpolate",
    "keep_epochs",
)


def _config(recipe: str | None, **changes: Any) -> TrainConfig:
    """Without a recipe it is auto, or best where an option fixes what auto would decide."""
    from clipseek.training.run.recipes import from_recipe

    fixed = [field for field in _DECIDED if changes.get(field) is not None]
    names = ", ".join(f"--{field.replace('_', '-')}" for field in fixed)
    if recipe == "auto" and fixed:
        raise click.UsageError(f"--recipe auto decides {names} by itself; leave that out, or give --recipe best")
    if recipe is None and fixed:
        note(f"recipe best: {names} fixes what --recipe auto would choose")
    return from_recipe(recipe or ("best" if fixed else "auto"), **changes)


#: The command gets ``config``, a TrainConfig.
recipe_options = gathered(
    "config",
    _config,
    click.option(
        "--base", default="openai/clip-vit-base-patch32", show_default=True, help="CLIP checkpoint folder or hub id."
    ),
    click.option(
        "--recipe",
        type=click.Choice(NAMES),
        help="Settings to start from: auto (chosen on held-out pairs), best (the whole model), adapter (frozen towers), or a run "
        "of Sujit Pal's Haystack 2022 talk.  [default: auto; best where an option fixes what auto decides]",
    ),
    click.option(
        "--views",
        type=click.Choice(("none", "natural", "satellite", "radiology")),
        is_flag=False,
        flag_value="natural",
        help="With --augment, also shift, scale and brighten pictures at random; satellite: turn and mirror them too, radiology: "
        "move them less.  [without a kind: natural]",
    ),
    click.option("--no-views", "views", flag_value="none", help="The same as --views none."),
    *(_option(name, *rest) for name, rest in _VALUES.items()),
    *(click.option(names, field, default=None, help=text) for names, (field, text) in _FLAGS.items()),
)
