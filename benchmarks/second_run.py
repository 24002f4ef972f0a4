"""What an ingest holds in memory, and what a second one costs: ``python benchmarks/second_run.py [--counts 10000,100000]``.

Small made pictures, a thousand to a folder, each with a caption beside it, go into an index by ``clipseek ingest`` and the
shipped bundle; then the same command runs again over the same files. For each count: seconds, CPU with that of the decoding
workers, and the greatest resident memory of the command, of both runs. Goals: a second run over 100,000 takes 10 s at most, and
memory there is at most 1.15 times that of the smallest count. About ten minutes on two quiet cores; with ``--drawn`` four: the
model encodes one batch, further vectors are drawn (``drawn_ingest.py``).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from checkpoints import DEMO_BUNDLE
from clipseek.opensearch import connect
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.inventory import delete_index
from PIL import Image
from servers import add_url, server

IN_A_FOLDER = 1000


class Cost(NamedTuple):
    """Of one process: wall and CPU seconds, the greatest resident memory in MB."""

    seconds: float
    cpu: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_url(parser)
    parser.add_argument("--counts", default="10000,100000")
    parser.add_argument("--drawn", action="store_true", help="first runs whose model encodes one batch alone")
    options = parser.parse_args()
    with server(options.url) as url, tempfile.TemporaryDirectory(prefix="clipseek-bench-") as folder:
        first_memory = None
        for count in map(int, options.counts.split(",")):
            source = make_pictures(Path(folder, str(count)), count)
            alias = f"bench-second-{os.getpid()}-{count}"
            try:
                first = ingested(url, alias, source, count, drawn=options.drawn)
                second = ingested(url, alias, source, count)
            finally:
                client = connect(url)
                if versions.find(client, alias):
                    delete_index(client, alias)
            first_memory = first_memory or first.memory
            print(f"{count:>9,} pictures: {said(first)}; again {said(second)}", flush=True)
            print(
                f"          memory {first.memory / first_memory:.3f} times that of the first count (goal 1.15)",
                flush=True,
            )


def said(cost: Cost) -> str:
    return f"{cost.seconds:.1f} s ({cost.cpu:.1f} s of CPU), {cost.memory:,.0f} MB"


def make_pictures(folder: Path, count: int) -> Path:
    """``count`` pictures, no two alike, and their captions."""
    for number in range(count):
        place = folder / f"{number // IN_A_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        colour = (number % 256, number // 256 % 256, number // 65536)
        Image.new("RGB", (32, 32), colour).save(place / f"{number:07}.png", compress_level=1)
        (place / f"{number:07}.txt").write_text(f"colour {number}\n")
    return folder


def ingested(url: str, alias: str, source: Path, count: int, *, drawn: bool = False) -> Cost:
    """What ``clipseek ingest`` costs. Raises RuntimeError where it fails or not every picture is there afterwards."""
    command: list[str | Path] = [Path(sys.executable).with_name("clipseek")]
    if drawn:
        command = [sys.executable, Path(__file__).with_name("drawn_ingest.py")]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, "ingest", source, "--index", alias, "--model", DEMO_BUNDLE, "--url", url],
            stdout=said,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if process.returncode or connect(url).count(index=alias)["count"] != count:
            said.seek(0)
            raise RuntimeError(said.read().decode(errors="replace")[-2000:])
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
