"""Recipes side by side on the demo's line icons: trained, scored on what no training saw, and kept in a log of results.

The talk had 148,153 training pairs, the demo has a seventh of them; its runs keep their batch size, learning rate and
epochs, and draw the same share of the pairs in each. Ours see as many pairs as the talk's longest run, run-5.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.demo.scoring import SHEETS
from clipseek.demo.story import RECIPE, Story, base_checkpoint
from clipseek.evaluation import Report, evaluate
from clipseek.files.text import aligned
from clipseek.sources import read_records
from clipseek.training.config import TrainConfig
from clipseek.training.run.recipes import RECIPES, TALK_PAIRS, from_recipe


@dataclass(frozen=True)
class Trial:
    """A row of the table; the one without a config is the base model."""

    name: str
    config: TrainConfig | None


def table_trials(pairs: int) -> Iterator[Trial]:
    """The talk's runs for a domain of ``pairs`` training pairs, then ours: the adapter, and the whole model."""
    base = str(base_checkpoint())
    yield Trial("baseline", None)
    for name, recipe in RECIPES.items():
        if name.startswith("talk/"):
            samples = round(recipe["samples"] * pairs / TALK_PAIRS)
            yield Trial(name, from_recipe(name, base=base, samples=samples, keep_epochs=False))
    yield Trial("adapter", from_recipe("adapter", base=base))
    # The demo's recipe without its clock, at as many pairs as the talk's run-5 sees.
    longest = RECIPES["talk/run-5"]
    seen = round(longest["samples"] * pairs / TALK_PAIRS * longest["epochs"])
    best = from_recipe("best", base=base, **{**RECIPE, "minutes": None})
    own = best.batch_size - round(best.batch_size * best.keep_share)
    yield Trial("best", dataclasses.replace(best, epochs=seen / best.batch_size / (pairs // own)))


def recipes_table(story: Story, out: Path, seeds: int, on_event: Callable[[dict[str, Any]], None]) -> str:
    """The table of all recipes, each trained with ``seeds`` seeds; what ``out`` has results of is not run again."""
    pairs = len(story.draw()["domain-train"])
    trials = [
        Trial(trial.name, trial.config and dataclasses.replace(trial.config, seed=seed))
        for seed in range(seeds)
        for trial in table_trials(pairs)
        if trial.config or not seed
    ]
    return talk_table(run_trials(story, trials, out, on_event))


def run_trials(
    story: Story, trials: Iterable[Trial], out: Path, on_event: Callable[[dict[str, Any]], None]
) -> list[dict[str, Any]]:
    """Train and score each trial; what ``out/results.jsonl`` has already is not run again. Returns its lines."""
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.data.pixels import default_cache
    from clipseek.training.machine import resolve_precision
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import VIEWS, embed_distinct
    from clipseek.training.run.loop import train

    base = str(base_checkpoint())
    spec = load_checkpoint(base).image
    names = ("domain-train", "domain-val", "general-train", "general-val", *SHEETS)
    pairs = {name: load_pairs(read_records(story.manifest(name)), spec, cache=default_cache()) for name in names}
    out.mkdir(parents=True, exist_ok=True)
    log, folder = out / "results.jsonl", out / "run"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    done, results = {line["trial"]: line for line in lines}, []
    for trial in trials:
        config = trial.config
        key = json.dumps([trial.name, None if config is None else {**config.as_dict(), "base": "demo/data/base"}])
        if key not in done:
            story.say(f"== {trial.name}" + ("" if config is None else f", seed {config.seed}"))
            summary: dict[str, Any] = {"pairs_seen": 0}
            best = Path(base)
            if config is not None:
                general = config.keep_share > 0
                best = train(
                    config,
                    pairs["domain-train"],
                    folder,
                    keep=pairs["general-train"] if general else None,
                    validation=pairs["domain-val"],
                    keep_validation=pairs["general-val"] if general else None,
                    resume=(folder / "config.json").is_file() and TrainConfig.read(folder / "config.json") == config,
                    on_event=on_event,
                )
                summary = json.loads((folder / "summary.json").read_text("utf-8"))
                if config.lock == "both":  # through the towers: each pair in a few views, once
                    summary["pairs_seen"] = VIEWS * len(pairs["domain-train"])
            checkpoint = load_checkpoint(str(best))
            precision = resolve_precision("auto", checkpoint.model.device)
            scores = {
                name: _figures(evaluate(*embed_distinct(checkpoint, pairs[name], precision), pairs[name].truth()))
                for name in SHEETS
            }
            kept = {field: summary.get(field) for field in ("pairs_seen", "training_seconds", "alpha", "validation")}
            done[key] = {"trial": key, "name": trial.name, "seed": getattr(config, "seed", 0), **kept, **scores}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[key]) + "\n")
            shutil.rmtree(folder, ignore_errors=True)
        results.append(done[key])
    return results


def _figures(report: Report) -> dict[str, Any]:
    """The talk's figures (captions ranked for a picture, in batches of 64), and the whole gallery's (pictures for a caption)."""
    batches = report.in_batches["image to text"]
    gallery = report.whole_gallery["text to image"]
    return {
        "in_batches": {str(k): value for k, value in batches.mrr.items()},
        "gallery": {str(k): value for k, value in gallery.mrr.items()},
        "sizes": [batches.queries, batches.gallery, gallery.queries, gallery.gallery],
    }


def talk_table(lines: list[dict[str, Any]]) -> str:
    """The talk's table as text, in the order in which names first come, each figure the mean over its seeds; ± is their
    standard deviation."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_name.setdefault(line["name"], []).append(line)
    ks = ("1", "3", "5", "10", "20")
    head = ["recipe", "seeds", "pairs seen", "s", *(f"MRR@{k}" for k in ks), "±"]
    head += ["gallery MRR@20", "±", "general MRR@20"]
    rows = []
    for name, runs in by_name.items():
        rows.append(
            [
                name,
                str(len(runs)),
                f"{runs[0]['pairs_seen'] or 0:,}",
                f"{statistics.mean(run['training_seconds'] or 0 for run in runs):.0f}",
                *(f"{statistics.mean(run['fresh-test']['in_batches'][k] for run in runs):.3f}" for k in ks),
                _spread([run["fresh-test"]["in_batches"]["20"] for run in runs]),
                f"{statistics.mean(run['fresh-test']['gallery']['20'] for run in runs):.3f}",
                _spread([run["fresh-test"]["gallery"]["20"] for run in runs]),
                f"{statistics.mean(run['general-test']['in_batches']['20'] for run in runs):.3f}",
            ]
        )
    text = aligned(head, rows, right=range(1, len(head)), rule=True)
    sizes = lines[0]["fresh-test"]["sizes"]
    text.append(
        f"MRR@k: {sizes[0]:,} held-out pictures, each ranking the captions of its batch of {sizes[1]}, as in the talk; gallery: "
        f"{sizes[2]:,} captions, each ranking all {sizes[3]:,} pictures"
    )
    return "\n".join(text)


def _spread(values: list[float]) -> str:
    return f"{statistics.stdev(values):.3f}" if len(values) > 1 else ""
