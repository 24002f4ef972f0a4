"""Pairs/s and memory of LoRA beside full fine-tuning: python benchmarks/lora.py [--base CHECKPOINT]

Both sides have a model of their own in one process and take turns, step by step, on one batch of made pictures and captions.
Printed are pairs/s of each (median), and LoRA's over full fine-tuning's with the quartiles over pairs of turns.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import time
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]


def made_batch(checkpoint: Any, batch: int) -> Any:
    import numpy as np
    import torch
    from clipseek.training.step.batch import Batch

    rng, size = np.random.default_rng(0), checkpoint.image.size
    pixels = torch.from_numpy(rng.integers(0, 256, (batch, size, size, 3), dtype=np.uint8))
    words = ["battery", "charge", "heart", "arrow", "left", "user", "cloud", "network", "chart", "folder", "lock"]
    captions = [" ".join(rng.choice(words, rng.integers(2, 9))) + f" {row}" for row in range(batch)]
    return Batch(pixels, checkpoint.tokenize(captions), torch.arange(batch)[:, None], torch.Generator())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default=str(HOME / "demo" / "data" / "base"))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--steps", type=int, default=15, help="of each side")
    parser.add_argument("--warm", type=int, default=3, help="of each side, before those")
    parser.add_argument("--optimizer", default="auto", choices=["auto", "muon", "adamw"], help="of full fine-tuning")
    parser.add_argument("--precision", default="auto", choices=["auto", "bf16", "fp32"])
    given = parser.parse_args()
    from clipseek.training.config import TrainConfig
    from clipseek.training.machine import keep_freed_memory, resolve_precision, spin_briefly
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.distributed import World
    from clipseek.training.step.learner import Learner

    spin_briefly()
    keep_freed_memory()
    world, times = World(), dict[str, list[float]](full=[], lora=[])
    precision = resolve_precision(given.precision, world.device)
    full = TrainConfig(base=given.base, batch_size=given.batch, optimizer=given.optimizer)
    sides: dict[str, Any] = {}
    for name, config in (("full", full), ("lora", dataclasses.replace(full, lora=given.rank, optimizer="auto"))):
        checkpoint = load_checkpoint(given.base)
        sides[name] = Learner(checkpoint, config, precision, world), made_batch(checkpoint, given.batch)
    for turn in range(given.warm + given.steps):
        for name in ("full", "lora") if turn % 2 else ("lora", "full"):
            learner, batch = sides[name]
            began = time.perf_counter()
            learner.gradients(batch)
            learner.update(1e-5)
            if turn >= given.warm:
                times[name].append(time.perf_counter() - began)
    for name, found in times.items():
        kept = sum(p.numel() for p in sides[name][0].trained())
        print(f"{name:5} {given.batch / statistics.median(found):8.1f} pairs/s, {kept / 1e6:.2f} M numbers learn")
    ratios = [one / other for one, other in zip(times["full"], times["lora"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"lora / full: {middle:.3f} ({low:.3f} to {high:.3f}), batch {given.batch}, rank {given.rank}, {precision}")


if __name__ == "__main__":
    main()
