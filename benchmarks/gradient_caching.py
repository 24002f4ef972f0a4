"""Peak memory and time of one step at a large batch, plain and with gradient caching: python benchmarks/gradient_caching.py

Each side runs in a process of its own, on the demo's base model, with the same batch; they take turns step by step, one
waiting while the other works; the gradients are compared. The ratio of times is the median over pairs of turns, after
``--warm`` turns that do not count: the plain side's first steps also pay for the memory that later ones find at hand.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]


def one_side(batch: int, micro: int | None, precision: str, out: Path) -> None:
    """Print loss and memory of a step as JSON, then, for each line of input, the seconds of another and the memory so far;
    leave the last step's gradients in ``out``.
    """
    from clipseek.training.machine import keep_freed_memory, spin_briefly

    spin_briefly()  # as commands do, before torch is imported
    import numpy as np
    import torch
    from clipseek.training.config import TrainConfig
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.step.batch import Batch
    from clipseek.training.step.distributed import World
    from clipseek.training.step.learner import Learner

    keep_freed_memory()  # as training does
    checkpoint = load_checkpoint(str(HOME / "demo" / "data" / "base"))
    config = TrainConfig(micro_batch=micro, batch_size=batch, clip_norm=0.0)
    learner = Learner(checkpoint, config, precision, World())
    rng = np.random.default_rng(0)
    size = checkpoint.image.size
    pixels = torch.from_numpy(rng.integers(0, 256, (batch, size, size, 3), dtype=np.uint8))
    words = ["battery", "charge", "heart", "arrow", "left", "user", "cloud", "network", "chart", "folder", "lock"]
    captions = [" ".join(rng.choice(words, rng.integers(2, 9))) + f" {row}" for row in range(batch)]
    tokens = checkpoint.tokenize(captions)

    def step() -> float:
        generator = torch.Generator().manual_seed(1)
        return learner.gradients(Batch(pixels, tokens, torch.arange(batch)[:, None], generator))

    # What the process holds before a step; a small step first, so that libraries have made their workspaces.
    learner.gradients(
        Batch(pixels[:8], {k: v[:8] for k, v in tokens.items()}, torch.arange(8)[:, None], torch.Generator())
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loss = step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"loss": loss, "megabytes": (peak - before) / 1024}), flush=True)
    for _ in sys.stdin:  # a line asks for a step
        started = time.perf_counter()
        step()
        took = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"seconds": took, "megabytes": (peak - before) / 1024}), flush=True)
    torch.save({name: p.grad for name, p in checkpoint.model.named_parameters() if p.grad is not None}, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--micro", type=int, default=64)
    parser.add_argument("--steps", type=int, default=5, help="of each side")
    parser.add_argument("--warm", type=int, default=4, help="of each side, before those")
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        one_side(given.batch, None if given.side == "plain" else given.micro, given.precision, given.out)
        return
    import torch

    gradients: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        running, found = {}, {}
        for side in ("plain", "cached"):
            numbers = [f"--{name}={getattr(given, name)}" for name in ("batch", "micro", "precision")]
            command = [sys.executable, __file__, *numbers, f"--side={side}", f"--out={Path(folder) / side}"]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running[side] = stack.enter_context(process)
            found[side] = json.loads(_line(process))
        times: dict[str, list[float]] = {"plain": [], "cached": []}
        for turn in range(2 * (given.warm + given.steps)):
            side = ("plain", "cached", "cached", "plain")[turn % 4]  # neither is always the first
            answer = json.loads(_ask(running[side]))
            found[side]["later"] = answer["megabytes"]
            if turn >= 2 * given.warm:
                times[side].append(answer["seconds"])
        for side, process in running.items():
            assert process.stdin
            process.stdin.close()
            assert process.wait() == 0
            gradients[side] = torch.load(Path(folder) / side)
    ratio = statistics.median(c / p for p, c in zip(times["plain"], times["cached"], strict=True))
    plain, cached = found["plain"], found["cached"]
    assert abs(plain["loss"] - cached["loss"]) <= 1e-3 * plain["loss"], found
    flat = {side: torch.cat([g.flatten() for g in grads.values()]) for side, grads in gradients.items()}
    apart = float((flat["cached"] - flat["plain"]).norm() / flat["plain"].norm())
    assert apart < (1e-4 if given.precision == "fp32" else 0.05), apart
    print(f"{'':24}{'plain':>12}{'cached':>12}{'ratio':>9}")
    for name, key in (("memory of a first step", "megabytes"), ("memory of all steps", "later")):
        print(f"{name:24}{plain[key]:>9.4g} MB{cached[key]:>9.4g} MB{cached[key] / plain[key]:>9.3f}")
    middle = {side: statistics.median(each) for side, each in times.items()}
    print(f"{'time of a step':24}{middle['plain']:>9.4g} s {middle['cached']:>9.4g} s {ratio:>9.3f}")
    print("seconds: " + "; ".join(f"{side} {' '.join(f'{one:.2f}' for one in each)}" for side, each in times.items()))
    print(f"batch {given.batch}, micro-batch {given.micro}; losses {plain['loss']:.6f} and {cached['loss']:.6f}")
    print(f"{given.precision}: the gradients differ by {apart:.1e} of their length")


def _ask(process: subprocess.Popen[str]) -> str:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    return _line(process)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    assert line, "a side ended early"
    return line


if __name__ == "__main__":
    main()
