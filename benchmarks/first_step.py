"""Seconds from the loaded model to a training's first step, on very many small pictures.

The pictures are made here: a few thousand JPEG files, the rest hard links to them. ``best`` steps on pairs; ``adapter``
and ``auto`` begin with the outputs of the locked towers, and the first of these count as their first step. One process for each:
nothing is warm.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from checkpoints import DEMO_BASE
from PIL import Image

OWN = 2_000
FIRST = ("step", "features")


class Reached(Exception):
    """The first step was taken."""


def make(folder: Path, count: int) -> Path:
    """``count`` pictures of 64 px and a manifest with their splits: of 50 pictures one is for validation."""
    random = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True)
    rows = ["image\tcaption\tsplit"]
    for number in range(count):
        path = folder / "pictures" / f"{number:06}.jpg"
        if number < OWN:
            blocks = random.integers(0, 256, (4, 4, 3), np.uint8)
            Image.fromarray(blocks).resize((64, 64)).save(path, quality=85)
        else:
            os.link(folder / "pictures" / f"{number % OWN:06}.jpg", path)
        split = "validation" if number % 50 == 0 else "train"
        rows.append(f"pictures/{path.name}\tpicture {number} of a made corpus\t{split}")
    manifest = folder / "pairs.tsv"
    manifest.write_text("\n".join(rows) + "\n", "utf-8")
    return manifest


def measure(recipe: str, manifest: Path, base: str, out: Path) -> None:
    """As ``clipseek train MANIFEST --validation MANIFEST``, up to the first step; prints a line of JSON."""
    os.environ["CLIPSEEK_CACHE"] = str(out / "cache")
    from clipseek.cli.opening import listed_pairs, prepare_torch, training_pairs
    from clipseek.sources import Source, Splits
    from clipseek.training.run.auto import train_auto
    from clipseek.training.run.loop import train
    from clipseek.training.run.recipes import from_recipe

    prepare_torch("training")
    from clipseek.training.model.checkpoint import load_checkpoint

    began = time.perf_counter()
    sources = {name: Source(manifest, splits=Splits((name,))) for name in ("train", "validation")}
    listed = {name: listed_pairs(source) for name, source in sources.items()}
    read = time.perf_counter()
    config = from_recipe(recipe, base=base)
    image = load_checkpoint(base).image
    own, held = (training_pairs(sources[name], listed[name], image, cache=True) for name in sources)
    loaded = [time.perf_counter()]

    def listen(event: dict[str, object]) -> None:
        if event["event"] == "loaded":
            loaded[0] = time.perf_counter()
        if event["event"] in FIRST:
            raise Reached

    try:
        (train_auto if recipe == "auto" else train)(config, own, out / "run", validation=held, on_event=listen)
    except Reached:
        print(
            json.dumps(
                {"read": read - began, "first": time.perf_counter() - loaded[0], "whole": time.perf_counter() - began}
            )
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000, help="how many")
    parser.add_argument("--base", default=str(DEMO_BASE), help="checkpoint folder")
    parser.add_argument("--recipes", default="best,adapter,auto", help="which")
    parser.add_argument("--goal", type=float, help="fail where a first step comes later, in seconds")
    parser.add_argument("--one", nargs=3, metavar=("RECIPE", "MANIFEST", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        recipe, manifest, out = options.one
        measure(recipe, Path(manifest), options.base, Path(out))
        return 0
    late = False
    with tempfile.TemporaryDirectory() as folder:
        manifest = make(Path(folder) / "made", options.pictures)
        print(f"{options.pictures:,} pictures; seconds\nrecipe    read   loaded to first step   whole")
        for recipe in options.recipes.split(","):
            command = [
                sys.executable,
                __file__,
                "--base",
                options.base,
                "--one",
                recipe,
                str(manifest),
                f"{folder}/{recipe}",
            ]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            print(f"{recipe:8} {found['read']:5.2f} {found['first']:22.2f} {found['whole']:7.2f}", flush=True)
            late = late or (options.goal is not None and found["first"] > options.goal)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
