"""Pairs a second beside transformers' Trainer and sentence-transformers' trainer: ``python benchmarks/trainer.py``.

Every side fine-tunes the same checkpoint on the same pairs in the same batches, from picture files to moved weights, with
the same AdamW at a constant rate and CLIP's loss with its learnt temperature; each runs in a process of its own. In fp32
all are held to one loss curve. The pairs are shipped icons, or those of ``--manifest``. The other two are measured where they are
installed (``make bench-env``, then .venv-bench/bin/python); sentence-transformers' losses have a fixed temperature, so CLIP's own
loss is given to its trainer.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from checkpoints import DEMO_BASE
from trainer_sides import ours, sentence_transformers, trainer

#: Packages without which a side is left out.
NEEDS = {
    "transformers Trainer": ("accelerate",),
    "transformers Trainer bf16": ("accelerate",),
    "sentence-transformers": ("accelerate", "datasets", "sentence_transformers"),
}
SIDES = {
    "clipseek": (ours, "fp32"),
    "transformers Trainer": (trainer, "fp32"),
    "sentence-transformers": (sentence_transformers, "fp32"),
    "clipseek bf16": (ours, "bf16"),
    "transformers Trainer bf16": (trainer, "bf16"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, help="manifest of pairs in place of shipped icons")
    parser.add_argument("--base", type=Path, default=DEMO_BASE, help="a CLIP checkpoint folder")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--workers", type=int, default=0, help="of the other trainers, for their pictures")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--precision", default="fp32", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        found = SIDES[given.side][0](given, given.out)
        (given.out / "found.json").write_text(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as folder:
        given.manifest = given.manifest or write_icons(Path(folder), given.batch * given.steps)
        show(given, run_sides(given))


def write_icons(folder: Path, count: int) -> Path:
    """A manifest of ``count`` shipped icons, no caption twice."""
    from clipseek.demo.corpus.render import draw
    from clipseek.demo.corpus.shipped import read_corpus

    items = list({item.caption: item for item in read_corpus("domain") if item.split == "train"}.values())
    lines = []
    for number, item in enumerate(items[:: max(1, len(items) // count)][:count]):
        (folder / f"{number}.png").write_bytes(draw(item.svg))
        lines.append(json.dumps({"image": f"{number}.png", "caption": item.caption, "group": item.concept}))
    manifest = folder / "icons.jsonl"
    manifest.write_text("\n".join(lines) + "\n", "utf-8")
    return manifest


def run_sides(given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What each side that can run here measured, each in a process of its own."""
    results: dict[str, dict[str, Any]] = {}
    for side, (_, precision) in SIDES.items():
        missing = [name for name in NEEDS.get(side, ()) if importlib.util.find_spec(name) is None]
        if missing:
            print(f"{side}: not here ({', '.join(missing)}); make bench-env", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            shared = [f"--{name}={getattr(given, name)}" for name in ("base", "batch", "steps", "workers", "manifest")]
            command = [sys.executable, __file__, *shared]
            command += [f"--side={side}", f"--precision={precision}", f"--out={folder}"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            results[side] = json.loads((Path(folder) / "found.json").read_text())
    return results


def show(given: argparse.Namespace, results: dict[str, dict[str, Any]]) -> None:
    """A line for each side, and that the fp32 loss curves are one."""
    curve = results["clipseek"]["losses"]
    assert len(curve) >= given.steps - 1
    for side in results:
        if SIDES[side][1] == "fp32":
            apart = max(abs(a - b) for a, b in zip(curve, results[side]["losses"], strict=True))
            assert apart <= 1e-4, f"{side}: losses differ by {apart:.2g}"
    pairs = given.batch * len(curve)
    print(f"{pairs:,} pairs, batches of {given.batch}; fp32 losses equal to 1e-4 over {len(curve)} steps")
    print(f"{'':28}{'s':>8}{'pairs/s':>9}{'time: of fp32':>18}{'of ours in bf16':>18}{'a step, ms':>12}")
    for side, found in results.items():
        ratios = [found["seconds"] / results[name]["seconds"] for name in ("clipseek", "clipseek bf16")]
        step = statistics.median(found["steps"][1:]) * 1e3
        speed = pairs / found["seconds"]
        print(f"{side:28}{found['seconds']:>8.2f}{speed:>9.1f}{ratios[0]:>17.2f}x{ratios[1]:>17.2f}x{step:>12.1f}")


if __name__ == "__main__":
    main()
