"""The talk's best recipe beside ours on the demo's line icons: trained, scored on what no training saw, kept in a log of results.

The talk had 148,153 training pairs, the demo has a seventh of them: run-5 draws the same share of the pairs in each epoch, and runs
for as many epochs as give the pairs that each recipe is to see. Its learning rate is the talk's, and the one of ``RATES`` whose
model the validation pairs prefer. Ours (the demo's recipe) sees as many pairs, and, in a run of its own, as many as it can in the
seconds that run-5 takes (pace.py), its validation passes counted.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clipseek.demo.pace import Pace, measure_pace
from clipseek.demo.scoring import SHEETS
from clipseek.demo.story import RECIPE, Story, base_checkpoint
from clipseek.demo.trials_table import Line, comparison_table
from clipseek.sources import read_records
from clipseek.training.config import TrainConfig
from clipseek.training.reproduce.arms import AS_IT_WAS, BASE, RUN, TUNED, Settings, preferred
from clipseek.training.run.recipes import from_recipe

if TYPE_CHECKING:
    from clipseek.training.data.pairs import Pairs

#: Learning rates among which validation chooses; the first is the talk's.
RATES = (5e-5, 1.5e-4, 5e-4, 1.5e-3)
EQUAL_PAIRS, EQUAL_SECONDS = "ours, equal pairs", "ours, equal seconds"


def run_5(pairs: int, seen: int, seed: int = 0, rate: float = RATES[0]) -> TrainConfig:
    """The talk's run-5 for a domain of ``pairs`` training pairs, of which it sees ``seen``; in the machine's precision, as ours."""
    settings = Settings(str(base_checkpoint()), pairs, precision="auto")
    return dataclasses.replace(settings, epochs=seen / settings.samples).talk(seed, rate)


def ours(pairs: int, seen: int, seed: int = 0) -> TrainConfig:
    """The demo's recipe without its clock, at ``seen`` pairs, the general ones of its batches among them."""
    best = from_recipe("best", base=str(base_checkpoint()), seed=seed, **{**RECIPE, "minutes": None})
    own = best.batch_size - round(best.batch_size * best.keep_share)
    return dataclasses.replace(best, epochs=seen / best.batch_size / (pairs // own))


def passes_of(config: TrainConfig) -> int:
    """Validation passes of ours: the base's, one after each epoch, and those that choose between base and tuned weights."""
    from clipseek.training.run.validation import PASSES_TO_CHOOSE

    return 1 + max(1, int(config.epochs + 0.999)) + PASSES_TO_CHOOSE


def recipes_table(story: Story, out: Path, seeds: int, seen: int | None, on_event: Callable[[Line], None]) -> str:
    """The table of all arms, each trained with ``seeds`` seeds; what ``out`` has results of is not run again.

    ``seen``: pairs that run-5 sees, and ours at equal pairs; None: as many as the demo has to train on."""
    pairs = len(story.draw()["domain-train"])
    trials = Trials(story, out, on_event)
    return comparison_table(list(trials.lines(pairs, seen or pairs, seeds)))


class Trials:
    """``out/results.jsonl`` gets a line for each finished training."""

    def __init__(self, story: Story, out: Path, on_event: Callable[[Line], None]) -> None:
        self._story, self._out, self._on_event = story, out, on_event
        self._log = out / "results.jsonl"
        out.mkdir(parents=True, exist_ok=True)
        stored = self._log.read_text("utf-8").splitlines() if self._log.exists() else []
        self._done: dict[str, Line] = {line["key"]: line for line in map(json.loads, stored)}
        self._pairs = _load(story)

    def lines(self, pairs: int, seen: int, seeds: int) -> Iterator[Line]:
        """One of the base, then those of each seed: all arms with one seed before the next seed."""
        yield {**self._line(None), "name": BASE, "seconds": 0.0}
        pace = self._pace(pairs, seen)
        seconds = pace.seconds(RUN, seen)
        rate = self._rate(pairs, seen)
        shorter = max(256, pace.pairs("ours", seconds, passes_of(ours(pairs, seen))))
        for seed in range(seeds):
            arms = {
                AS_IT_WAS: run_5(pairs, seen, seed),
                TUNED: run_5(pairs, seen, seed, rate),
                EQUAL_PAIRS: ours(pairs, seen, seed),
                EQUAL_SECONDS: ours(pairs, shorter, seed),
            }
            for name, config in arms.items():
                line = self._line(config)
                own = config.recipe == "best"
                took = pace.seconds("ours" if own else RUN, line["pairs_seen"], passes_of(config) if own else 0)
                yield {**line, "name": name, "seconds": took}

    def _pace(self, pairs: int, seen: int) -> Pace:
        if "pace" not in self._done:
            self._story.say("== what a step of each recipe costs here, in turns")
            pace = measure_pace({RUN: run_5(pairs, seen), "ours": ours(pairs, seen)}, self._pairs)
            self._keep({"key": "pace", **dataclasses.asdict(pace)})
        stored = self._done["pace"]
        pace = Pace(stored["pair"], stored["validation"])
        speeds = ", ".join(f"{name} {1 / each:.0f} pairs/s" for name, each in pace.pair.items())
        self._story.say(f"   {speeds}, a validation pass {pace.validation:.1f} s")
        return pace

    def _rate(self, pairs: int, seen: int) -> float:
        """The rate whose run is best on the validation pairs."""
        found = {rate: self._line(run_5(pairs, seen, 0, rate))["validation"]["validation_mrr"] for rate in RATES}
        best, said = preferred(found)
        self._story.say(f"   {said}")
        return best

    def _line(self, config: TrainConfig | None) -> Line:
        """As trained and scored; two arms of equal settings are trained once."""
        from clipseek.training.run.loop import train

        key = json.dumps(config and {**config.as_dict(), "base": "demo/data/base"})
        if key in self._done:
            return self._done[key]
        line: Line = {"key": key, "seed": 0, "rate": None, "pairs_seen": 0}
        folder, best = self._out / "run", base_checkpoint()
        if config is not None:
            self._story.say(f"== {config.recipe}, rate {config.learning_rate:g}, seed {config.seed}")
            general = config.keep_share > 0
            best = train(
                config,
                self._pairs["domain-train"],
                folder,
                keep=self._pairs["general-train"] if general else None,
                validation=self._pairs["domain-val"],
                keep_validation=self._pairs["general-val"] if general else None,
                resume=(folder / "config.json").is_file() and TrainConfig.read(folder / "config.json") == config,
                on_event=self._on_event,
            )
            summary = json.loads((folder / "summary.json").read_text("utf-8"))
            line |= {"seed": config.seed, "rate": config.learning_rate}
            line |= {field: summary[field] for field in ("pairs_seen", "alpha", "validation")}
        line |= {name: _scores(best, self._pairs[name], ranks=name == "fresh-test") for name in SHEETS}
        self._keep(line)
        shutil.rmtree(folder, ignore_errors=True)
        return line

    def _keep(self, line: Line) -> None:
        self._done[line["key"]] = line
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _load(story: Story) -> dict[str, Pairs]:
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.pixels import default_cache
    from clipseek.training.model.checkpoint import load_checkpoint

    spec = load_checkpoint(str(base_checkpoint())).image
    names = ("domain-train", "domain-val", "general-train", "general-val", *SHEETS)
    return {name: load_pairs(read_records(story.manifest(name)), spec, cache=default_cache()) for name in names}


def _scores(checkpoint: Path, pairs: Pairs, *, ranks: bool) -> Line:
    """The talk's figures (captions ranked for a picture, in batches of 64), and the whole gallery's (pictures for a caption).
    ``ranks``: with what paired intervals need."""
    from clipseek.training.reproduce.scores import scored

    batches, gallery, more = scored(str(checkpoint), pairs, "auto")
    line: Line = {
        "in_batches": {str(k): value for k, value in batches.mrr.items()},
        "gallery": {str(k): value for k, value in gallery.mrr.items()},
        "sizes": more["sizes"],
    }
    return line | more if ranks else line
