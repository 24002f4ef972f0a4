"""Peak memory and time of one step at a large batch, plain and with gradient caching: python benchmarks/gradient_caching.py

Each side runs in a process of its own, on the demo's base model, with the same batch; the gradients are compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]


def one_side(batch: int, micro: int | None, steps: int, precision: str, out: Path) -> None:
    """Print what the steps took as JSON; leave the last step's gradients in ``out``."""
    import numpy as np
    import torch
    from clipseek.training.allocator import keep_freed_memory
    from clipseek.training.batch import Batch
    from clipseek.training.config import TrainConfig
    from clipseek.training.distributed import World
    from clipseek.training.learner import Learner
    from clipseek.training.model import load_checkpoint

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
    times = []
    for _ in range(steps):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    torch.save({name: p.grad for name, p in checkpoint.model.named_parameters() if p.grad is not None}, out)
    print(json.dumps({"loss": loss, "megabytes": (peak - before) / 1024, "seconds": sorted(times)[len(times) // 2]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--micro", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precision", default="bf16", choices=["bf16", "fp32"])
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        one_side(given.batch, None if given.side == "plain" else given.micro, given.steps, given.precision, given.out)
        return
    import torch

    found, gradients = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for side in ("plain", "cached"):
            out = Path(folder) / side
            numbers = [f"--{name}={getattr(given, name)}" for name in ("batch", "micro", "steps", "precision")]
            command = [sys.executable, __file__, *numbers, f"--side={side}", f"--out={out}"]
            found[side] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            gradients[side] = torch.load(out)
    plain, cached = found["plain"], found["cached"]
    assert abs(plain["loss"] - cached["loss"]) <= 1e-3 * plain["loss"], found
    flat = {side: torch.cat([g.flatten() for g in grads.values()]) for side, grads in gradients.items()}
    apart = float((flat["cached"] - flat["plain"]).norm() / flat["plain"].norm())
    assert apart < (1e-4 if given.precision == "fp32" else 0.05), apart
    print(f"{'':24}{'plain':>12}{'cached':>12}{'ratio':>9}")
    for title, name, unit in (("memory of a step", "megabytes", "MB"), ("time of a step", "seconds", "s")):
        ratio = cached[name] / plain[name]
        print(f"{title:24}{plain[name]:>9.4g} {unit:2}{cached[name]:>9.4g} {unit:2}{ratio:>9.3f}")
    print(f"batch {given.batch}, micro-batch {given.micro}; losses {plain['loss']:.6f} and {cached['loss']:.6f}")
    print(f"{given.precision}: the gradients differ by {apart:.1e} of their length")


if __name__ == "__main__":
    main()
