"""Searches of this checkout beside those of another, in turns on one server: ``search_request.py --against WORKTREE``."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
#: (our mode, the other's): what is compared. ``hybrid`` is what a search does by default, with its shares.
PAIRS = (("hybrid", "hybrid"), ("two lists", "two lists"), ("caption", "caption"), ("vector", "vector"))
CLIENTS = 8


class Worker:
    """A checkout's own Python with ``search_worker.py``."""

    def __init__(self, python: Path | str, first: dict[str, Any]) -> None:
        command = [str(python), str(HERE / "search_worker.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._send(first)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def ask(self, **message: Any) -> dict[str, Any]:
        assert self._process.stdout is not None
        self._send(message)
        if not (line := self._process.stdout.readline()):
            sys.exit(f"a side ended with exit status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def against(
    other: Path, url: str, index: str, texts: Sequence[str], vectors: Any, same: Callable[[Any, Any, str], None]
) -> None:
    """Print each pair's p50 and their ratio, one client and eight. Ends the benchmark where equals differ (``same``).
    ``other``: a checkout with its ``.venv``, or that environment's Python.
    """
    python = other if other.is_file() else other / ".venv" / "bin" / "python"
    if not python.exists():
        sys.exit(f"{other} has no .venv/bin/python; make its environment there first: make check")
    first = {"url": url, "index": index, "texts": list(texts), "vectors": [list(map(float, row)) for row in vectors]}
    sides = {"ours": Worker(sys.executable, first), "theirs": Worker(python, first)}
    took: dict[tuple[str, str], list[float]] = defaultdict(list)
    unknown: dict[str, int] = defaultdict(int)
    for turn in range(2):  # the first fills caches
        for number, text in enumerate(texts):
            calls = [(side, mode) for side in sides for mode in ("hybrid", "two lists", "caption", "vector")]
            rows = {}
            for side, mode in random.Random(number).sample(calls, len(calls)):
                said = sides[side].ask(mode=mode, number=number)
                rows[side, mode] = [tuple(row) for row in said["hits"]]
                if turn:
                    took[side, mode].append(said["ms"])
                    unknown[side] += mode == "hybrid" and not said["shares"]
            for mode in ("two lists", "caption", "vector"):
                same(rows["ours", mode], rows["theirs", mode], text)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {len(texts)} queries, one client, p50")
    for mode, other in PAIRS:
        ours, theirs = statistics.median(took["ours", mode]), statistics.median(took["theirs", other])
        print(f"{mode:10} {ours:7.2f} ms, {theirs:7.2f} ms: {ours / theirs:.2f}")
    print(f"hybrids with a hit of unknown shares: {unknown['ours']}, {unknown['theirs']}")
    for mode, other in PAIRS:
        at_once: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": []}
        for _ in range(3):
            at_once["ours"].append(sides["ours"].ask(mode=mode, clients=CLIENTS))
            at_once["theirs"].append(sides["theirs"].ask(mode=other, clients=CLIENTS))
        p50, rate = (
            {side: statistics.median(run[figure] for run in runs) for side, runs in at_once.items()}
            for figure in ("p50", "rate")
        )
        print(
            f"{mode:10} {CLIENTS} clients: {p50['ours']:7.2f} ms, {p50['theirs']:7.2f} ms: {p50['ours'] / p50['theirs']:.2f}; "
            f"{rate['ours']:.0f} and {rate['theirs']:.0f} searches/s"
        )
    for worker in sides.values():
        worker.close()
