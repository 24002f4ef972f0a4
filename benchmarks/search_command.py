"""Two checkouts answer one search command, in turns; their answers must be equal. Prints medians and the ratio.

    python benchmarks/search_command.py OLD_CHECKOUT NEW_CHECKOUT "broken heart" --index demo-icons

Both run on this Python, which needs clipseek's dependencies. Wall time holds all of it: start, imports, model, server.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 20


def run(checkout: Path, arguments: list[str]) -> tuple[bytes, float, float]:
    """What the command printed, its wall and its CPU seconds."""
    environ = {**os.environ, "PYTHONPATH": str(checkout.resolve() / ".typing")}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "clipseek.cli", "search", *arguments]
    answer = subprocess.run(command, env=environ, cwd="/", capture_output=True, check=True).stdout
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return answer, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    checkouts, arguments = [Path(name) for name in sys.argv[1:3]], sys.argv[3:]
    figures: list[tuple[list[float], list[float]]] = [([], []), ([], [])]
    for number in range(ROUNDS + 1):
        answers = [run(checkout, arguments) for checkout in checkouts]
        if answers[0][0] != answers[1][0]:
            raise SystemExit("the two checkouts answer differently")
        for (_, wall, cpu), (walls, cpus) in zip(answers, figures, strict=True):
            if number:  # the first round fills caches
                walls.append(wall)
                cpus.append(cpu)
    medians = [(statistics.median(walls), statistics.median(cpus)) for walls, cpus in figures]
    for checkout, (wall, cpu) in zip(checkouts, medians, strict=True):
        print(f"{checkout}: {wall * 1e3:.0f} ms, of which {cpu * 1e3:.0f} ms CPU (median of {ROUNDS})")
    print(f"new / old: {medians[1][0] / medians[0][0]:.2f}; load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
