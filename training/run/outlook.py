"""What a training would do, before it does: pairs and what is left out, held-out pairs, the recipe, minutes and memory.

Every picture is read, at reduced size; a step is timed on a few of them; nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.evaluation.judgments import caption_key
from clipseek.sources import Record, Skipped

from ..config import TrainConfig
from ..data.pairs import Pairs, load_pairs
from ..data.split import Looks, split_rows
from ..data.survey import Survey, appearances, survey
from ..model.checkpoint import load_checkpoint
from ..model.embed import VIEWS
from ..step.batch import steps_of_an_epoch
from .adapter_stage import MOST_PAIRS, adapter_batch
from .auto import MAX_ROUNDS, ROUND_STEPS, TRIED_MINUTES, TRIED_STEPS
from .setup import auto_share
from .trial import ROWS, Costs, try_step
from .tried_rates import rate_is_given, rates
from .validation import MAX_PAIRS, PASSES_TO_CHOOSE


@dataclass(frozen=True)
class Reading:
    """A source that was read: pairs and distinct pictures that can be used, and (file, reason) of what is left out."""

    pairs: int
    pictures: int
    left_out: list[tuple[str, str]]
    rows: list[tuple[str, str]] = field(repr=False)  # of each pair its group and its picture's digest
    looks: Looks = field(repr=False)
    files: list[Record] = field(repr=False)


@dataclass(frozen=True)
class Stage:
    """Part of a run: so many steps of ``batch`` pairs, and the seconds that it takes at least and at most."""

    name: str
    learning_rate: float | None
    batch: int
    steps: int
    least: float
    most: float


@dataclass(frozen=True)
class Outlook:
    """``seconds``: least and most, of all. ``memory``: bytes of the process at its peak; ``pixels``: bytes of decoded pictures."""

    learn: int
    held_out: int
    general: int
    stages: list[Stage]
    seconds: tuple[float, float]
    memory: int
    pixels: int
    costs: Costs

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return asdict(self)


def read(entries: Iterable[Record | Skipped], on_progress: Callable[[int], None]) -> Reading:
    """Go through a source. Raises SourceError where a training would."""
    records: list[Record] = []

    def strict() -> Iterator[Record | Skipped]:
        for entry in entries:
            if isinstance(entry, Skipped) and entry.error is not None:
                raise entry.error
            if isinstance(entry, Record):
                records.append(entry)
            yield entry

    found = survey(strict(), on_progress)
    readable = found.readable
    left = [*found.other, *found.unreadable]
    rows: list[tuple[str, str]] = []
    usable: list[Record] = []
    for record, (name, captions, group) in zip(records, found.records, strict=True):
        texts = [text for text in captions if text.strip()]
        if name in readable and texts:
            usable.append(record)
            rows += [(group or caption_key(text), readable[name].digest) for text in texts]
        elif not texts:
            left.append((name, "no caption"))
    pictures = len({digest for _, digest in rows})
    return Reading(len(rows), pictures, left, rows, _looks(found, {digest for _, digest in rows}), usable)


def _looks(found: Survey, used: set[str]) -> Looks:
    files = {digest: file for digest, (_, file) in sorted(found.distinct().items()) if digest in used}
    return Looks(list(files), *appearances(files.values()))


def _sample(source: Reading, image: ImageSpec) -> Pairs:
    """A few pairs, spread over the source, decoded for the base."""
    step = max(1, len(source.files) // ROWS)
    return load_pairs(source.files[::step][:ROWS], image)


def outlook(
    config: TrainConfig,
    source: Reading,
    *,
    validation: Reading | None = None,
    keep: Reading | None = None,
    keep_validation: Reading | None = None,
) -> Outlook:
    """What ``train`` would do with these; a step is timed. Raises TrainingError as a training would for its base."""
    checkpoint = load_checkpoint(config.base)
    checkpoint = replace(checkpoint, image=config.image_of(checkpoint.image))
    auto = config.recipe == "auto"
    learn, held = source.pairs, validation.pairs if validation is not None else 0
    if validation is None:
        share = auto_share(config, source.pairs) if auto else config.validation_share
        learn, held = _split(source, share, config.seed)
    costs = try_step(config, checkpoint, _sample(source, checkpoint.image))
    general = keep_validation.pairs if keep_validation is not None else 0
    of = _Sizes(learn, min(held, MAX_PAIRS) + min(general, MAX_PAIRS), keep is not None and config.keep_share > 0)
    stages = _auto_stages(config, costs, of) if auto else [_one_stage(config, costs, of)]
    pictures = sum(part.pictures for part in (source, validation, keep, keep_validation) if part is not None)
    least, most = (sum(getattr(stage, name) for stage in stages) for name in ("least", "most"))
    if config.minutes is not None:
        least, most = min(least, config.minutes * 60), min(most, config.minutes * 60)
    return Outlook(
        learn=learn,
        held_out=held,
        general=0 if keep is None else keep.pairs,
        stages=stages,
        seconds=(least, most),
        memory=_memory(config, costs),
        pixels=pictures * 3 * checkpoint.image.size**2,
        costs=costs,
    )


def _split(source: Reading, share: float, seed: int) -> tuple[int, int]:
    """Numbers of pairs to learn from and held out, as ``setup.split_held_out`` has them."""
    groups, pictures = [group for group, _ in source.rows], [picture for _, picture in source.rows]
    sides = split_rows(groups, pictures, source.looks, share, seed)
    if any(len({groups[row] for row in side}) < 2 for side in sides):
        return source.pairs, 0
    return len(sides[0]), len(sides[1])


@dataclass(frozen=True)
class _Sizes:
    learn: int
    validated: int  # pairs of a validation pass
    mixed: bool  # whether batches have general pairs

    def steps_per_epoch(self, config: TrainConfig) -> int:
        return steps_of_an_epoch(config, self.learn, self.mixed)


def _one_stage(config: TrainConfig, costs: Costs, of: _Sizes) -> Stage:
    each = of.steps_per_epoch(config)
    steps = max(1, round(config.epochs * each))
    batch = min(config.batch_size, of.learn)
    passes = of.validated * costs.embed * (1 + steps // each + (PASSES_TO_CHOOSE if config.interpolate else 0))
    if config.lock == "both" and not config.unlock_layers:  # the projections' steps hardly count
        views = VIEWS if config.augment else 1
        seconds = (views * of.learn + of.validated) * costs.embed
    else:
        seconds = steps * batch * costs.step + passes
    least = seconds if config.patience is None or not of.validated else min(seconds, seconds / steps * each)
    return Stage(config.recipe, config.learning_rate, batch, steps, least, seconds)


def _auto_stages(config: TrainConfig, costs: Costs, of: _Sizes) -> list[Stage]:
    each, batch = of.steps_per_epoch(config), min(config.batch_size, of.learn)
    features = (VIEWS * min(of.learn, MOST_PAIRS) + of.validated) * costs.embed
    stages = [Stage("adapter", None, adapter_batch(of.learn), 0, features, features)]
    step, passed = batch * costs.step, of.validated * costs.embed
    given = rate_is_given(config)
    for rate in () if given else rates(costs.large, config):
        seconds = min(TRIED_MINUTES * 60, TRIED_STEPS * step) + 3 * passed
        stages.append(Stage(f"rate-{rate:g}", rate, batch, TRIED_STEPS, seconds, seconds))
    epochs = max(1, round(ROUND_STEPS / each))
    seconds = epochs * each * step + (1 + epochs + PASSES_TO_CHOOSE) * passed
    chosen = config.learning_rate if given else None
    return [*stages, Stage("rounds", chosen, batch, epochs * each, seconds, MAX_ROUNDS * seconds)]


def _memory(config: TrainConfig, costs: Costs) -> int:
    """The process, four copies of the weights (the model's, the base's, the best's, those between), gradients, what the optimizer
    keeps of each weight, and a step's graph with what its backward pass needs besides, about half as much."""
    kept = 2 if costs.optimizer == "adamw" else 1
    graph = 1.5 * costs.graph * (config.micro_batch or config.batch_size)
    copies = 4 + (0 if config.ema is None else 2) + (0 if config.lora is None else 1)
    return round(costs.process + copies * costs.weights + (1 + kept) * costs.learning + graph)
