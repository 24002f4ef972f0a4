"""The demo's fine-tuning: the general base model learns line icons. Needs the train extra."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clipseek.demo.scoring import SHEETS, both
from clipseek.demo.story import RECIPE, Story, base_checkpoint
from clipseek.files.whole import write_whole
from clipseek.sources import read_records


def fine_tune(story: Story, on_event: Callable[[dict[str, Any]], None]) -> Path:
    """Score the base model, train, export; returns the bundle. A finished run of the same recipe and pictures is used again."""
    from clipseek.export.checkpoint import export_bundle
    from clipseek.training.config import TrainConfig
    from clipseek.training.data.pairs import Pairs, load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import embed_distinct
    from clipseek.training.run.loop import train

    run, bundle = story.tuned, story.tuned / "bundle"
    if (bundle / "clipseek.json").is_file() and (run / "before.json").is_file():
        story.reused.append("the fine-tuned model")
        return bundle
    run.mkdir(parents=True, exist_ok=True)
    base = str(base_checkpoint())
    spec = load_checkpoint(base).image

    def pairs(name: str) -> Pairs:
        return load_pairs(read_records(story.manifest(name)), spec)

    with story.step("Scoring the base model before fine-tuning"):
        checkpoint = load_checkpoint(base)
        before = {}
        for name in SHEETS:
            held_out = pairs(name)
            vectors = embed_distinct(checkpoint, held_out, "fp32")  # as the bundle computes whose figures stand below
            before[name] = [asdict(scores) for scores in both(held_out, *vectors)]
        write_whole(run / "before.json", json.dumps(before))
    with story.step(f"Fine-tuning on line icons (one pass over them; at most {RECIPE['minutes']:g} minutes)"):
        best = train(
            TrainConfig(base=base, **RECIPE),
            pairs("domain-train"),
            run / "train",
            keep=pairs("general-train"),
            validation=pairs("domain-val"),
            keep_validation=pairs("general-val"),
            on_event=on_event,
        )
    with story.step("Exporting to ONNX, checked against the checkpoint"):
        export_bundle(str(best), bundle, storage="fp16", force=True)
    return bundle
