"""Everything that decides a training run, in one frozen value, written into the run's folder."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.files.whole import write_whole

from .errors import TrainingError

LOSSES = ("softmax", "sigmoid")
OPTIMIZERS = ("auto", "muon", "adamw")
SCHEDULES = ("cosine", "linear", "constant")
VIEWS = ("none", "natural", "satellite", "radiology")
LONG_CAPTIONS = ("split", "cut")
LOCKS = ("none", "image", "text", "both")


@dataclass(frozen=True)
class TrainConfig:
    """``minutes`` ends a run on time, its evaluations included: the schedule follows whichever of steps and clock is
    further on. Without it a run is a function of config and data alone."""

    base: str = "openai/clip-vit-base-patch32"
    recipe: str = "best"  # the name under which recipes.py has it, for the record
    epochs: float = 10.0
    samples: int | None = None  # pairs drawn with replacement per epoch; None: each pair once
    batch_size: int = 64
    micro_batch: int | None = None  # gradient caching: pairs in memory at a time; the loss is that of the whole batch
    learning_rate: float = 1e-5
    #: muon: for the matrices of the towers' layers, AdamW for the rest; adamw: for all; auto: by the base (step/optimizer.py).
    optimizer: str = "auto"
    muon_factor: float = 4.0  # Muon's learning rate, as a multiple of AdamW's
    embedding_factor: float = 4.0  # the token embeddings' learning rate, as a multiple of the others'
    layer_decay: float = 1.0  # each layer's learning rate as a share of the next higher layer's
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    epsilon: float = 1e-8
    clip_norm: float = 1.0  # maximum gradient norm; 0 disables clipping
    schedule: str = "cosine"  # cosine, linear, constant
    warmup: float = 0.05  # share of the run in which the learning rate rises
    minutes: float | None = None
    precision: str = "auto"  # compute dtype: auto, fp32, bf16
    loss: str = "softmax"  # softmax (CLIP), sigmoid (SigLIP)
    share_targets: bool = True  # equal captions, groups and pictures are positives, not negatives
    intra_modal: bool = True  # softmax: add image-image and text-text negatives
    #: Ceiling of the inverse temperature (Radford et al. 2021, section 2.5: above it training becomes unstable); 0: none.
    max_scale: float = 100.0
    max_tokens: int | None = None  # captions are truncated to it; None: to the model's context
    long_captions: str = (
        "split"  # those above that become several, or are cut; whoever makes the pairs does it (data/long_captions.py)
    )
    augment: bool = True  # adds each caption a second time, varied by its form (data/caption_forms.py)
    #: With ``augment``: pictures shifted, scaled and brightened too, by their kind (data/augment.py); of no use where each is seen
    #: a few times only.
    views: str = "none"
    lock: str = "none"  # towers that are not trained: none, image, text, both; projections always are
    unlock_layers: int = 0  # last layers of a locked tower that are trained anyway
    lora: int | None = (
        None  # rank: matrices learn as low-rank pairs, all else but the temperature stays (step/low_rank.py)
    )
    ema: float | None = None  # validate and keep an exponential moving average of the weights with this decay
    keep_share: float = 0.15  # of each batch: general pairs against forgetting, where such are given
    keep_loss: float = 0.15  # share of the general MRR, in batches and over the gallery, that interpolating may give up
    interpolate: bool = True  # WiSE-FT: choose on validation how far to go from the base to the tuned weights
    choose: str = "validation"  # which weights are kept: best on validation, or those of the last step
    patience: int | None = None  # stop after this many validation passes without a better whole-gallery MRR
    keep_epochs: bool = False  # a checkpoint of each epoch beside best and last
    #: How pictures of more than 8 bits, many bands or frames are read (encoder/pictures/rules.py); None: as the base does.
    depth_range: str | None = None
    bands: tuple[int, ...] | None = None
    frame: str | None = None
    validation_share: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        rules = (
            ("epochs", self.epochs > 0, "more than 0"),
            ("samples", self.samples is None or self.samples >= 2, "at least 2"),
            ("batch_size", self.batch_size >= 2, "at least 2 (the other pairs of a batch are the negatives)"),
            ("micro_batch", self.micro_batch is None or self.micro_batch >= 1, "at least 1"),
            ("learning_rate", 0 < self.learning_rate < 1, "between 0 and 1"),
            ("optimizer", self.optimizer in OPTIMIZERS, "auto, muon or adamw"),
            ("muon_factor", self.muon_factor > 0, "more than 0"),
            ("embedding_factor", self.embedding_factor > 0, "more than 0"),
            ("layer_decay", 0 < self.layer_decay <= 1, "above 0 and up to 1"),
            ("betas", all(0 <= beta < 1 for beta in self.betas), "two numbers from 0 to below 1"),
            ("epsilon", self.epsilon > 0, "more than 0"),
            ("clip_norm", self.clip_norm >= 0, "0 (no clipping) or more"),
            ("max_scale", self.max_scale == 0 or self.max_scale >= 1, "0 (no ceiling), or at least 1"),
            ("warmup", 0 <= self.warmup < 1, "from 0 to below 1"),
            ("minutes", self.minutes is None or self.minutes > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("schedule", self.schedule in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
            ("precision", self.precision in ("auto", "fp32", "bf16"), "auto, fp32 or bf16"),
            ("loss", self.loss in LOSSES, f"one of {', '.join(LOSSES)}"),
            (
                "max_tokens",
                self.max_tokens is None or self.max_tokens >= 3,
                "at least 3 (a word between start and end)",
            ),
            ("long_captions", self.long_captions in LONG_CAPTIONS, " or ".join(LONG_CAPTIONS)),
            ("views", self.views in VIEWS, f"one of {', '.join(VIEWS)}"),
            ("lock", self.lock in LOCKS, f"one of {', '.join(LOCKS)}"),
            ("unlock_layers", self.unlock_layers >= 0, "0 or more"),
            ("lora", self.lora is None or self.lora >= 1, "a rank of at least 1"),
            (
                "optimizer",
                self.lora is None or self.optimizer != "muon",
                "auto or adamw with lora, whose pairs AdamW moves",
            ),
            (
                "lock",
                self.lora is None or self.lock != "both" or self.unlock_layers > 0,
                "a tower that learns, for lora",
            ),
            ("ema", self.ema is None or 0 < self.ema < 1, "between 0 and 1"),
            ("keep_loss", 0 <= self.keep_loss <= 1, "from 0 to 1"),
            ("keep_share", 0 <= self.keep_share < 1, "from 0 to below 1"),
            ("choose", self.choose in ("validation", "last"), "validation or last"),
            ("patience", self.patience is None or self.patience >= 1, "at least 1"),
            ("validation_share", 0 < self.validation_share < 0.5, "above 0 and below 0.5"),
        )
        for name, fits, expected in rules:
            if not fits:
                raise TrainingError(f"{name} is {getattr(self, name)!r}, expected {expected}")

    def image_of(self, base: ImageSpec) -> ImageSpec:
        """The base's preparation of pictures with this run's choices. Raises TrainingError for what is none."""
        chosen = {name: getattr(self, name) for name in ("depth_range", "bands", "frame")}
        try:
            return dataclasses.replace(base, **{name: value for name, value in chosen.items() if value is not None})
        except ValueError as problem:
            raise TrainingError(str(problem)) from None

    def as_dict(self) -> dict[str, Any]:
        """Plain types, as JSON gives them back."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return values

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(self.as_dict(), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> TrainConfig:
        """What ``write`` wrote; fields of other versions are ignored."""
        stored = json.loads(path.read_text("utf-8"))
        if isinstance(stored.get("views"), bool):  # before there were kinds
            stored["views"] = "natural" if stored["views"] else "none"
        if "betas" in stored:
            stored["betas"] = tuple(stored["betas"])
        return cls(**{field.name: stored[field.name] for field in dataclasses.fields(cls) if field.name in stored})
