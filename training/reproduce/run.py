"""Train and score each arm; what is finished is not done again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clipseek.evaluation import KS
from clipseek.files.whole import write_whole

from ..config import TrainConfig
from ..data.pairs import Pairs
from ..run.auto import train_auto
from ..run.loop import train
from ..run.ownership import holds_run
from ..run.run_folder import RunFolder
from .arms import AS_IT_WAS, BASE, OURS, TUNED, Settings, preferred
from .scores import scored
from .table import Line

RESULTS = "results.jsonl"


class Reproduction:
    """``pairs``: those of train, validation and test. ``out`` gets a line of results for each finished training."""

    def __init__(
        self,
        settings: Settings,
        pairs: dict[str, Pairs],
        out: Path,
        say: Callable[[str], None],
        on_event: Callable[[dict[str, Any]], None],
    ) -> None:
        self._settings, self._pairs, self._out = settings, pairs, out
        self._say, self._on_event = say, on_event
        self._data = {part: own.fingerprint() for part, own in pairs.items()}
        path = out / RESULTS
        stored = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
        self._done: dict[str, Line] = {line["key"]: line for line in stored}

    def lines(self) -> Iterator[Line]:
        """A line of each arm and seed, in the order of the table. Raises TrainingError."""
        settings = self._settings
        yield self._line(BASE, None)
        rate = self._rate()
        for seed in range(settings.seeds):
            yield self._line(AS_IT_WAS, settings.talk(seed))
        tuned = []
        for seed in range(settings.seeds):
            tuned.append(self._line(TUNED, settings.talk(seed, rate)))
            yield tuned[-1]
        for seed in range(settings.seeds):
            yield self._line(OURS, settings.ours(seed, tuned[seed]["seconds"]))

    def _rate(self) -> float:
        """The rate whose short run is best on the validation pairs."""
        found = {}
        for rate in self._settings.rates:
            line = self._trained("a rate for run-5", self._settings.trial(rate), scored=False)
            found[rate] = line["validation_mrr"]
        best, said = preferred(found)
        self._say(said)
        return best

    def _line(self, arm: str, config: TrainConfig | None) -> Line:
        """As trained, with the arm's name: two arms of equal settings are trained once."""
        return {**self._trained(arm, config), "arm": arm, "seed": 0 if config is None else config.seed}

    def _trained(self, what: str, config: TrainConfig | None, *, scored: bool = True) -> Line:
        key = json.dumps([config and config.as_dict(), self._data, scored], sort_keys=True)
        if key in self._done:
            return self._done[key]
        line: Line = {"key": key, "rate": None, "pairs_seen": 0, "seconds": 0.0}
        folder = self._out / "run"
        best = self._settings.base
        if config is not None:
            self._say(f"== {what}, rate {config.learning_rate:g}, seed {config.seed}")
            begun = self._out / "run.json"
            resume = holds_run(folder) and begun.is_file() and begun.read_text("utf-8") == key
            if not resume:
                shutil.rmtree(folder, ignore_errors=True)
                self._out.mkdir(parents=True, exist_ok=True)
                write_whole(begun, key)
            run = train_auto if config.recipe == "auto" else train
            sides: dict[str, Any] = {"validation": self._pairs["validation"], "on_event": self._on_event}
            best = str(run(config, self._pairs["train"], folder, resume=resume, **sides))
            summary = RunFolder(folder, self._on_event).summary()
            line["rate"] = summary["recipe"]["learning_rate"]
            line["pairs_seen"] = _seen(summary, folder)
            line |= {"seconds": summary["seconds"], "validation_mrr": summary["validation"]["validation_mrr"]}
        if scored:
            line |= self._scores(best)
        self._out.mkdir(parents=True, exist_ok=True)
        with (self._out / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._done[key] = line
        shutil.rmtree(folder, ignore_errors=True)
        return line

    def _scores(self, checkpoint: str) -> Line:
        """As the talk scored, and over the whole gallery with what intervals need."""
        batches, gallery, more = scored(checkpoint, self._pairs["test"], self._settings.precision)
        return {
            "mrr": {str(k): batches.mrr[k] for k in KS},
            "hit": {str(k): batches.recall[k] for k in KS},
            "gallery_hit": {str(k): gallery.recall[k] for k in KS},
            **more,
        }


def _seen(summary: dict[str, Any], folder: Path) -> int:
    """Pairs of all steps, those of each stage of auto."""
    if "auto" not in summary:
        return int(summary["pairs_seen"])
    stages = (folder / "stages").glob("*/summary.json")
    return sum(int(json.loads(path.read_text("utf-8"))["pairs_seen"]) for path in stages)
