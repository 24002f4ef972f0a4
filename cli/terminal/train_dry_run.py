"""``clipseek train --dry-run``: what a training would read, hold out, choose among and cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .long_captions import in_training, say_long
from .output import count, data, duration, for_reader, note, print_json, print_table
from .progress import ProgressLine
from .skips import print_first

if TYPE_CHECKING:
    from clipseek.sources import Source
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.long_captions import LongCaptions
    from clipseek.training.run.outlook import Outlook, Reading


def train_dry_run(config: TrainConfig, source: Source, others: Mapping[str, Source], *, as_json: bool) -> None:
    """``others``: the sources of keep, validation and keep_validation, those that are given. Raises SourceError, TrainingError."""
    from clipseek.export.models import counter_of
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.outlook import outlook

    counter = counter_of(load_checkpoint(config.base))  # before every picture is read
    splits: dict[str, list[str]] = {}
    read = {
        name: _read(name, one, splits, in_training(counter, config))
        for name, one in {"source": source, **others}.items()
    }
    own = read.pop("source")
    note("timing a step …")
    found = outlook(config, own, **read)
    if as_json:
        left = {name: one.left_out for name, one in {"source": own, **read}.items()}
        value = {"source": str(source.path), "recipe": config.as_dict(), "splits": splits, "left_out": left}
        print_json({**value, "pictures": own.pictures, **found.as_dict()})
        return
    _show(config, own, found)


def _read(name: str, source: Source, splits: dict[str, list[str]], long: LongCaptions) -> Reading:
    from clipseek.training.run.outlook import read

    chosen = source.chosen()
    with ProgressLine(f"reading {source.path}") as line:
        found = read(long.through(chosen), line.update)
    if said := chosen.line():
        note(said)
    say_long(source, long)
    splits[name] = list(chosen.read)
    note(f"{source.path}: {count(found.pairs, 'pair')}, {count(found.pictures, 'picture')}")
    return found


def _show(config: TrainConfig, source: Reading, found: Outlook) -> None:
    costs = found.costs
    data(f"{found.learn:>9,} pairs to train on")
    held = f"{found.held_out:>9,} held out for validation"
    data(held if found.held_out else f"{held}: nothing can be, fewer than two groups would be left on one side")
    if found.general:
        data(f"{found.general:>9,} general pairs mixed into the batches")
    if left := source.left_out:
        data(f"{len(left):>9,} files or captions left out")
        print_first((f"{for_reader(name)}: {for_reader(reason)}" for name, reason in left), len(left), "--json")
    rows = [
        [
            stage.name,
            "chosen" if stage.learning_rate is None else f"{stage.learning_rate:g}",
            f"{stage.batch:,}",
            f"{stage.steps:,}" if stage.steps else "",
            _span(stage.least, stage.most),
        ]
        for stage in found.stages
    ]
    titles = ["recipe auto chooses among" if config.recipe == "auto" else "recipe", "learning rate", "batch"]
    print_table([*titles, "steps", "time"], rows, right=["learning rate", "batch", "steps"])
    how = f"{costs.optimizer}, {costs.precision} on {costs.device}"
    data(
        f"time        about {_span(*found.seconds)} ({how}; {1 / costs.step if costs.step else 0:.0f} pairs/s were timed)"
    )
    data(f"memory      about {_size(found.memory)}, and {_size(found.pixels)} of decoded pictures in the cache")
    note("a dry run: nothing was trained or written; leave --dry-run out to train")


def _span(least: float, most: float) -> str:
    first, last = duration(least), duration(most)
    return first if first == last else f"{first} to {last}"


def _size(number: int) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 95e7 else f"{number / 1e6:.0f} MB"
