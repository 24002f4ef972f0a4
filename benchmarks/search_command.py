"""Two checkouts answer one search command, in turns; their answers must be equal. Prints medians and the ratio.

    python benchmarks/search_command.py OLD_CHECKOUT NEW_CHECKOUT [-- "broken heart" --index demo-icons]

Both run on this Python, which needs clipseek's dependencies. Without words, an index of shipped icons
is searched. Wall time holds all of it: start, imports, model, server.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from checkpoints import DEMO_BUNDLE
from servers import add_url, icons_index, server


def run(checkout: Path, arguments: list[str]) -> tuple[bytes, float, float]:
    """What the command printed, its wall and its CPU seconds."""
    environ = {**os.environ, "PYTHONPATH": str(checkout.resolve() / ".typing")}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "clipseek.cli", "search", *arguments]
    answer = subprocess.run(command, env=environ, cwd="/", capture_output=True, check=True).stdout
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return answer, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs=2, type=Path, metavar="CHECKOUT")
    parser.add_argument("words", nargs="*", metavar="ARGUMENT", help="of clipseek search")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--icons", type=int, default=500, help="in the index that is made without arguments")
    add_url(parser)
    options = parser.parse_args()
    if options.words:
        measure(options.checkouts, options.words, options.rounds)
        return
    from clipseek.opensearch import connect

    with server(options.url) as url, icons_index(connect(url), options.icons) as (version, _, captions):
        arguments = [captions[0], "--index", version.alias, "--model", str(DEMO_BUNDLE), "--url", url]
        measure(options.checkouts, arguments, options.rounds)


def measure(checkouts: list[Path], arguments: list[str], rounds: int) -> None:
    figures: list[tuple[list[float], list[float]]] = [([], []), ([], [])]
    for number in range(rounds + 1):
        answers = [run(checkout, arguments) for checkout in checkouts]
        if answers[0][0] != answers[1][0]:
            raise SystemExit("the two checkouts answer differently")
        for (_, wall, cpu), (walls, cpus) in zip(answers, figures, strict=True):
            if number:  # the first round fills caches
                walls.append(wall)
                cpus.append(cpu)
    medians = [(statistics.median(walls), statistics.median(cpus)) for walls, cpus in figures]
    for checkout, (wall, cpu) in zip(checkouts, medians, strict=True):
        print(f"{checkout}: {wall * 1e3:.0f} ms, of which {cpu * 1e3:.0f} ms CPU (median of {rounds})")
    print(f"new / old: {medians[1][0] / medians[0][0]:.2f}; load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
