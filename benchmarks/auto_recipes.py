"""The recipe auto beside adapter and best, on four corpora that nothing was chosen on: ``python benchmarks/auto_recipes.py``.

Each recipe trains the demo's base on each corpus (auto_corpora.py), as a user's ``clipseek train`` would, and finds the held-out
pictures by their captions: MRR@20 over the whole gallery. The table has the difference of auto and the better of the other two,
paired by query over all seeds, with its 95 % interval; the queries of one concept are drawn together. Goal: its lower end is at
least -0.02.

Fetches the packages by npm into the cache. What ``--out`` has results of is not run again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from auto_corpora import Corpus, build, corpora

RECIPES = ("auto", "adapter", "best")
GOAL = -0.02


def main() -> None:
    from clipseek.evaluation.bootstrap import paired
    from clipseek.files.cache import user_cache
    from clipseek.files.text import aligned

    home = user_cache() / "auto-corpora"
    known = {corpus.name: corpus for corpus in corpora()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=known, action="append", help="one corpus; may be repeated [default: all]")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="may be repeated [default: all]")
    parser.add_argument("--minutes", type=float, help="at most so many for each training [default: until it ends]")
    parser.add_argument("--build", action="store_true", help="fetch and draw the corpora, and train nothing")
    parser.add_argument("--out", type=Path, default=home / "results.jsonl", help="one line for each training")
    given = parser.parse_args()
    rows = []
    for corpus in [known[name] for name in given.corpus or known]:
        train, test = build(corpus, home)
        sizes = [len(path.read_text("utf-8").splitlines()) for path in (train, test)]
        print(f"{corpus.name}: {sizes[0]:,} pairs to train on, {sizes[1]:,} held-out queries", file=sys.stderr)
        if given.build:
            continue
        results = _results(corpus, train, test, given)
        clusters = np.array(results["base"]["clusters"])
        queries = {
            name: np.mean([line["reciprocal_ranks"] for line in lines], axis=0)
            for name, lines in results.items()
            if name != "base"
        }
        row = [corpus.name, f"{sizes[0]:,}", f"{sizes[1]:,}", f"{np.mean(results['base']['reciprocal_ranks']):.3f}"]
        for name in ("adapter", "best", "auto"):
            seconds = np.mean([line["seconds"] for line in results.get(name, [])] or [0])
            row.append(f"{queries[name].mean():.3f} ({seconds:.0f} s)" if name in queries else "")
        if len(queries) == len(RECIPES):
            better = max(("adapter", "best"), key=lambda name: queries[name].mean())
            change = paired(queries[better], queries["auto"], clusters=clusters)
            reached = "yes" if change.low >= GOAL else "no"
            row += [better, f"{change.mean:+.3f} [{change.low:+.3f}, {change.high:+.3f}]", reached]
        rows.append([*row, *[""] * (10 - len(row))])
    if rows:
        head = ["corpus", "pairs", "queries", "base", "adapter", "best", "auto", "better", "auto - better", "goal"]
        print("\n".join(aligned(head, rows, right=range(1, len(head)), rule=True)))


def _results(corpus: Corpus, train: Path, test: Path, given: argparse.Namespace) -> dict[str, Any]:
    """The base's line, and each recipe's lines, one a seed."""
    lines = [json.loads(line) for line in given.out.read_text("utf-8").splitlines()] if given.out.is_file() else []
    done = {line["key"]: line for line in lines}

    def line(key: str, make: Any) -> Any:
        if key not in done:
            done[key] = {"key": key, **make()}
            with given.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[key]) + "\n")
        return done[key]

    results: dict[str, Any] = {"base": line(f"{corpus.name} base", lambda: _ranked(_base(), test))}
    for seed in range(given.seeds):
        for recipe in given.recipe or RECIPES:
            key = f"{corpus.name} {recipe} {seed} {given.minutes}"
            made = line(key, lambda recipe=recipe, seed=seed: _train(recipe, seed, train, test, given))
            results.setdefault(recipe, []).append(made)
            print(f"{key}: MRR@20 {np.mean(made['reciprocal_ranks']):.3f}, {made['seconds']:.0f} s", file=sys.stderr)
    return results


def _base() -> str:
    from clipseek.demo.story import base_checkpoint

    return str(base_checkpoint())


def _train(recipe: str, seed: int, train: Path, test: Path, given: argparse.Namespace) -> dict[str, Any]:
    from clipseek.training.run.auto import train_auto
    from clipseek.training.run.loop import train as train_once
    from clipseek.training.run.recipes import from_recipe

    run = given.out.parent / f"run-{recipe}-{seed}-{train.parent.name}"
    shutil.rmtree(run, ignore_errors=True)
    started = time.perf_counter()
    config = from_recipe(recipe, base=_base(), seed=seed, minutes=given.minutes)
    best = (train_auto if recipe == "auto" else train_once)(config, _pairs(train), run)
    seconds = time.perf_counter() - started
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    found = {"seconds": seconds, "auto": summary.get("auto"), **_ranked(str(best), test)}
    shutil.rmtree(run)
    return found


def _pairs(manifest: Path) -> Any:
    from clipseek.sources import read_records
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint

    return load_pairs(read_records(manifest), load_checkpoint(_base()).image)


def _ranked(checkpoint: str, test: Path) -> dict[str, Any]:
    """Each query's reciprocal rank up to 20, and its cluster."""
    from clipseek.evaluation import rank_pairs
    from clipseek.evaluation.ranked import TEXT_TO_IMAGE
    from clipseek.training.machine import resolve_precision
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import embed_distinct

    loaded, pairs = load_checkpoint(checkpoint), _pairs(test)
    vectors = embed_distinct(loaded, pairs, resolve_precision("auto", loaded.model.device))
    ranked = rank_pairs(*vectors, pairs.truth()).whole_gallery[TEXT_TO_IMAGE]
    return {
        "reciprocal_ranks": np.round(ranked.figures()["MRR@20"], 6).tolist(),
        "clusters": ranked.clusters.tolist(),
    }


if __name__ == "__main__":
    main()
