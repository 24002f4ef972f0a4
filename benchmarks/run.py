"""Run the benchmarks, one after another, each in a process of its own: ``make bench``. README.md says what each measures.

    python benchmarks/run.py [--smoke] [NAME ...]

``--smoke``: our own sides of each, small and two at a time, to see that all of them still run; their figures mean nothing then.
Libraries to compare with are measured where ``make bench-env`` was run. One server serves all that need one: $OPENSEARCH_URL, or
an embedded node. Ends with 1 where a benchmark failed, after all of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from checkpoints import HOME
from servers import server

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Benchmark:
    """A script with its arguments at full size and small. ``served``: it needs a server; ``rivals``: the environment, beside this
    one, that also has what it compares with.
    """

    full: str
    smoke: str
    served: bool = False
    rivals: str | None = None


BENCHMARKS: dict[str, Benchmark] = {
    "cold_start": Benchmark("", "--tiny --rounds 1"),
    "encode": Benchmark("--rounds 3", "--tiny --rounds 1 --texts 8 --files 4"),
    "trainer": Benchmark("", "--batch 8 --steps 2", rivals=".venv-bench"),
    "fastembed_classes": Benchmark("", "--tiny --rounds 1 --count 8"),
    "gradient_caching": Benchmark("", "--batch 16 --micro 8 --steps 1 --warm 0"),
    "first_step": Benchmark("--goal 2", "--pictures 2100 --recipes best"),
    "lora": Benchmark("", "--batch 8 --steps 2 --warm 0"),
    "fusion": Benchmark("", "--tiny --rounds 2"),
    "batcher": Benchmark("", "--requests 100 --turns 1"),
    "evaluate": Benchmark("", "--pairs 500 --turns 1"),
    "search_request": Benchmark("", "--icons 200 --count 20", served=True),
    "neural": Benchmark("", "--icons 200 --count 8"),
    "vector_ingest": Benchmark("", "--count 500 --rounds 1", served=True),
    "ingest_stages": Benchmark("", "--count 20 --rounds 1", served=True),
    "second_run": Benchmark("", "--counts 200", served=True),
    "growth": Benchmark("", "--counts 500,1000 --queries 5"),
    "index_recall": Benchmark("", "--count 1000 --queries 10", served=True),
    "complete_fusion": Benchmark("", "--icons 200 --queries 20", served=True),
    "large_scenes": Benchmark("", "--small"),
    "ocr_words": Benchmark("", "--pictures 4 --no-goals", served=True),
    "page": Benchmark("", "--icons 200 --rounds 2 --no-goals", served=True),
    "search_command": Benchmark(". . --rounds 10", ". . --rounds 1", served=True),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--smoke", action="store_true", help="our own sides, small")
    options = parser.parse_args()
    unknown = set(options.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    names: list[str] = options.names or list(BENCHMARKS)
    began = time.monotonic()
    with ExitStack() as stack:
        served = any(BENCHMARKS[name].served for name in names)
        url = stack.enter_context(server(os.environ.get("OPENSEARCH_URL"))) if served else ""
        failed = run_all(names, url, options.smoke)
    for name in failed:
        print(f"{name} failed", file=sys.stderr)
    print(f"{len(names) - len(failed)} of {len(names)} benchmarks ran, in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def run_all(names: Iterable[str], url: str, smoke: bool) -> list[str]:
    """Print each benchmark's output when it has ended; returns the names of those that failed."""
    failed = []
    with ThreadPoolExecutor(2 if smoke else 1) as pool:
        running = {name: pool.submit(run, name, url, smoke) for name in names}
        for name, result in running.items():
            code, said, seconds = result.result()
            print(f"== {name}: {'done' if code == 0 else f'exit status {code}'} in {seconds:.0f} s\n{said}", flush=True)
            if code:
                failed.append(name)
    return failed


def run(name: str, url: str, smoke: bool) -> tuple[int, str, float]:
    """Exit status, output and seconds."""
    chosen = BENCHMARKS[name]
    beside = HOME / str(chosen.rivals) / "bin" / "python"
    python = str(beside) if chosen.rivals and beside.exists() else sys.executable
    command = [python, str(HERE / f"{name}.py"), *(chosen.smoke if smoke else chosen.full).split()]
    # The environment of the rivals may be older than a room of this checkout.
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(HOME / ".typing")}
    if smoke:
        environment["OMP_NUM_THREADS"] = "1"
    if chosen.served:
        environment["OPENSEARCH_URL"] = url
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=HOME, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
