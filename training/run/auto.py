"""The recipe ``auto``: what is trained, at what rate and for how long follows from the pairs, the base and validation.

1. ``adapter``: both towers locked, new projections over their outputs, of at most 20,000 pairs: a lower bound of what can be had.
2. ``rate-…``: from there the whole model learns for up to a minute at each of three rates, and validation takes one: projections
   first, then all weights (Kumar et al. 2022, "Fine-tuning can distort pretrained features").
3. ``round-1``, ``round-2``, …: rounds at this rate, each going on from the best weights so far at a rate of 0.7 times the last, as
   long as validation rises.

Each is a run of its own in a folder of its own (``stages/``), with the same held-out pairs; an interrupted ``auto`` goes on with
what was decided and what was finished. ``auto.json`` says what was chosen among what, and why it stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.files.whole import whole_folder, write_whole

from ..config import TrainConfig
from ..data.pairs import Pairs, check_usable
from ..errors import OutOfTime, TrainingError
from ..model.checkpoint import load_checkpoint
from ..step.batch import steps_of_an_epoch
from ..step.distributed import World
from ..step.optimizer import is_large
from .adapter_stage import MOST_PAIRS, adapter_batch, adapter_sample, affordable_pairs
from .loop import train
from .model_card import model_card
from .ownership import REPORT, STAGES, TRAINING_RECORD, alone, check_own, clear_run
from .recipes import RECIPES
from .run_folder import Event, RunFolder
from .setup import auto_share, split_held_out
from .tried_rates import rate_is_given, rates

TRIED_STEPS, TRIED_MINUTES = 40, 1.0
ROUND_STEPS, MAX_ROUNDS, COOLING = 200, 12, 0.7
#: A round that raises validation's MRR by less of it has gained nothing.
GAIN = 0.01


@dataclass(frozen=True)
class Stage:
    """A run that is finished: ``mrr``, MRR@10 of the held-out pairs over their whole gallery, of its ``best``."""

    name: str
    best: Path
    mrr: float
    summary: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """A line of the report."""
        recipe = self.summary["recipe"]
        kept = {name: self.summary.get(name) for name in ("steps", "seconds", "alpha")}
        return {"name": self.name, "validation_mrr": self.mrr, "learning_rate": recipe["learning_rate"], **kept}


class Auto:
    """One ``auto`` run in ``out``. ``config``: what holds for every stage; its ``minutes`` are the most that all take together."""

    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        learn: Pairs,
        held: Pairs,
        keep: Pairs | None,
        keep_validation: Pairs | None,
        on_event: Callable[[Event], None],
    ) -> None:
        self._config, self._out, self._on_event = config, out, on_event
        self._learn, self._held, self._keep, self._keep_validation = learn, held, keep, keep_validation
        self._report: dict[str, Any] = {}
        self._began = time.monotonic()
        self.stages: list[Stage] = []

    def run(self) -> Path:
        """All stages; returns ``out/best``."""
        path = self._out / REPORT
        self._report = json.loads(path.read_text("utf-8")) if path.is_file() else {"seconds": 0.0}
        self._note(pairs=len(self._learn), validation_pairs=len(self._held), config=self._config.as_dict())
        large = self._look_at_base()
        best = self._adapter()
        if self._rate(large, best) is not None:
            best, reason = self._rounds(best)
        else:
            reason = "the time was up before the whole model could learn"
        self._finish(best, reason)
        return self._out / "best"

    def _look_at_base(self) -> bool:
        """Whether the base is large; noted, with how many pairs' outputs there is time for: in a resumed run as many as before."""
        checkpoint = load_checkpoint(self._config.base)
        self._note(large_base=is_large(checkpoint.model))
        if "adapter_most" not in self._report:
            most = MOST_PAIRS
            if self._config.minutes is not None:
                seconds = self._left() * 60 / (1 if self._keep is None else 2)
                most = affordable_pairs(checkpoint, self._learn, self._config.precision, seconds)
            self._note(adapter_most=most, adapter_pairs=min(len(self._learn), most))
        return bool(self._report["large_base"])

    def _adapter(self) -> Stage:
        size = adapter_batch(self._report["adapter_pairs"])
        given = {**RECIPES["adapter"], "lora": None, "batch_size": size, "epochs": 60.0, "patience": 8}
        return self._stage("adapter", None, **given)

    def _rate(self, large: bool, start: Stage) -> float | None:
        """The rate of the rounds; None where no time is left to try one."""
        if rate_is_given(self._config):
            self._note(learning_rate=self._config.learning_rate, rates=[])
        if "learning_rate" not in self._report:
            tried: list[Stage] = []
            candidates = rates(large, self._config)
            for rate in candidates:
                if self._left() > 0:
                    given = {"learning_rate": rate, "schedule": "constant", "choose": "last", "interpolate": False}
                    epochs, minutes = TRIED_STEPS / self._steps_per_epoch(), min(TRIED_MINUTES, self._left())
                    with contextlib.suppress(OutOfTime):
                        tried.append(self._stage(f"rate-{rate:g}", start, epochs=epochs, minutes=minutes, **given))
            if not tried and self._left() <= 0:
                return None
            # A minute each was too short for a step: the one between the others.
            rate = candidates[len(candidates) // 2]
            if tried:
                rate = max(tried, key=lambda stage: stage.mrr).summary["recipe"]["learning_rate"]
            self._note(learning_rate=rate, rates=[stage.as_dict() for stage in tried])
        return float(self._report["learning_rate"])

    def _rounds(self, best: Stage) -> tuple[Stage, str]:
        rate = float(self._report["learning_rate"])
        for number in range(1, MAX_ROUNDS + 1):
            given: dict[str, Any] = {} if self._config.minutes is None else {"minutes": self._left()}
            epochs = max(1.0, round(ROUND_STEPS / self._steps_per_epoch()))
            stage = None
            if self._left() > 0:
                with contextlib.suppress(OutOfTime):
                    stage = self._stage(
                        f"round-{number}", best, learning_rate=rate, epochs=epochs, choose="validation", **given
                    )
            if stage is None:
                return best, f"the time was up ({self._config.minutes:g} minutes)"
            gained = stage.mrr >= best.mrr * (1 + GAIN)
            if stage.mrr > best.mrr:
                best = stage
            if not gained:
                return best, f"no gain: round {number} raised validation's MRR@10 by less than {GAIN:.0%}"
            rate *= COOLING
        return best, f"{MAX_ROUNDS} rounds were run"

    def _steps_per_epoch(self) -> int:
        return steps_of_an_epoch(self._config, len(self._learn), self._keep is not None)

    def _stage(self, name: str, start: Stage | None, **given: Any) -> Stage:
        """Train ``name`` from the weights of ``start``, or of the base; or take it as it was finished."""
        folder = self._out / STAGES / name
        base = self._config.base if start is None else str(start.best)
        given = {"minutes": None, "keep_loss": self._may_lose(start), **given}
        config = dataclasses.replace(self._config, base=base, recipe=name, **given)
        resume = (folder / "config.json").is_file()
        self._on_event({"event": "stage", "name": name, "learning_rate": config.learning_rate})
        learn, keep = self._learn, self._keep if config.keep_share else None
        if start is None:  # the adapter: outputs of both towers, in several views, for each of its pairs
            most = self._report["adapter_most"]
            learn, keep = adapter_sample(learn, config.seed, most), keep and adapter_sample(keep, config.seed, most)
        sides: dict[str, Any] = {"keep": keep, "validation": self._held, "keep_validation": self._keep_validation}
        train(config, learn, folder, resume=resume, on_event=self._on_event, **sides)
        summary = RunFolder(folder, self._on_event).summary()
        stage = Stage(name, folder / "best", float(summary["validation"]["validation_mrr"]), summary)
        self.stages.append(stage)
        self._note(stages=[one.as_dict() for one in self.stages])
        return stage

    def _may_lose(self, start: Stage | None) -> float:
        """Of the general scores of ``start``, so that all stages together lose no more than ``config.keep_loss`` of the base's."""
        if start is None:
            return self._config.keep_loss
        before, now = self.stages[0].summary["before"], start.summary["validation"]
        kept = [now[name] / value for name, value in before.items() if name.startswith("general_") and value]
        return max(0.0, 1 - (1 - self._config.keep_loss) / max(min(kept, default=1.0), 1e-9))

    def _left(self) -> float:
        """Minutes, of ``config.minutes`` and from this start on."""
        limit = self._config.minutes
        return float("inf") if limit is None else limit - (time.monotonic() - self._began) / 60

    def _note(self, **facts: Any) -> None:
        self._report |= facts
        self._out.mkdir(parents=True, exist_ok=True)
        write_whole(self._out / REPORT, json.dumps(self._report, indent=1) + "\n")

    def _finish(self, best: Stage, reason: str) -> None:
        """Put the chosen stage's files where every run has them, and say why it is that one."""
        self._note(chosen=best.name, reason=reason)
        with whole_folder(self._out / "best") as part:
            shutil.copytree(best.best, part, dirs_exist_ok=True)
            record = json.loads((part / TRAINING_RECORD).read_text("utf-8"))
            record |= {"base": self._config.base, "recipe": self._config.as_dict(), "auto": self._report}
            record["before"] = self.stages[0].summary["before"]
            (part / TRAINING_RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
            (part / "README.md").write_text(model_card(record), "utf-8")
        for name in ("history.jsonl", "loss.png", "environment.json"):
            shutil.copyfile(best.best.parent / name, self._out / name)
        self._config.write(self._out / "config.json")
        seconds, first = sum(stage.summary["seconds"] for stage in self.stages), self.stages[0].summary
        summary = {**best.summary, "before": first["before"], "seconds": seconds, "auto": self._report}
        write_whole(self._out / "summary.json", json.dumps(summary, indent=1) + "\n")
        for weights in (folder for stage in self.stages for folder in (stage.best, stage.best.parent / "last")):
            shutil.rmtree(weights, ignore_errors=True)  # their histories and summaries stay
        self._on_event({"event": "auto", "chosen": best.name, "reason": reason, "validation_mrr": best.mrr})


def train_auto(
    config: TrainConfig,
    pairs: Pairs,
    out: Path,
    *,
    keep: Pairs | None = None,
    validation: Pairs | None = None,
    keep_validation: Pairs | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Path:
    """As ``loop.train``, for the recipe ``auto``.

    Raises TrainingError under torchrun, and where nothing can be held out: then there is nothing to choose by.
    """
    check_usable(pairs)
    if World().size > 1:
        raise TrainingError("the recipe auto is for one process; name another with several, such as --recipe best")
    check_own(out)
    if resume and RunFolder(out, on_event).finished():
        return out / "best"
    if resume and (out / REPORT).is_file():
        _check_same(config, json.loads((out / REPORT).read_text("utf-8")).get("config", {}), out)
    share = auto_share(config, len(pairs))
    learn, held = (pairs, validation) if validation is not None else split_held_out(pairs, share, config.seed, on_event)
    if held is None:
        raise TrainingError(
            "nothing can be held out: fewer than two groups would be left on one side, and auto chooses by held-out pairs; name "
            "some with --validation, or a recipe such as --recipe adapter"
        )
    with alone(out):
        if not resume:
            clear_run(out)
        return Auto(config, out, learn, held, keep, keep_validation, on_event).run()


def _check_same(config: TrainConfig, before: dict[str, Any], out: Path) -> None:
    for name, value in config.as_dict().items():
        if name != "minutes" and name in before and before[name] != value:
            raise TrainingError(
                f"{name} is {value!r}, but {out} was started with {before[name]!r}; resume with the same options, or choose "
                "another --out"
            )
