"""Run the parts one after another, each a process with a time limit, and keep all of them in one JSON: see ``benchmarks/gpu.sh``.

The JSON is written anew after each part, so that what was measured stays where the machine goes away early. A part that fails or
takes too long leaves its error there and costs no other.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
#: Name -> (script and its arguments, seconds that it may take). What nobody has seen yet comes first.
PARTS: dict[str, tuple[list[str], int]] = {
    "training": (["training.py"], 120),
    "export": (["export.py"], 120),
    "cuda": (["towers.py", "cuda"], 60),
    "pictures": (["pictures.py"], 90),
    "trainer": (["trainer.py"], 90),
    "gate": (["gate.py"], 60),
    "tensorrt": (["towers.py", "tensorrt"], 150),
}
PACKAGES = ("clipseek", "torch", "transformers", "onnxruntime-gpu", "onnxruntime", "accelerate", "numpy")
#: The end of a failed part's output that is kept.
TAIL = 2000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=Path("gpu.json"), help="JSON file for all figures")
    parser.add_argument("--tiny", action="store_true", help="small shapes, for a CPU")
    parser.add_argument("--only", action="append", choices=PARTS, help="these parts alone; repeatable")
    parser.add_argument("--minutes", type=float, default=7.5, help="for all parts together")
    options = parser.parse_args()
    began = time.monotonic()
    record: dict[str, Any] = {**machine(), "tiny": options.tiny, "parts": {}}
    with tempfile.TemporaryDirectory(prefix="clipseek-gpu-") as scratch:
        for name in options.only or PARTS:
            left = 60 * options.minutes - (time.monotonic() - began)
            figures = run(name, Path(scratch), options.tiny, left)
            record["parts"][name] = figures
            options.out.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
            told = str(figures.get("error", "done")).strip().splitlines()
            print(f"{name}: {figures['took_seconds']:.0f} s, {told[-1] if told else 'failed'}", flush=True)
    failed = [name for name, figures in record["parts"].items() if "error" in figures]
    print(f"{record['card']}: {len(record['parts']) - len(failed)} parts measured, {len(failed)} failed: {options.out}")
    return 0 if len(failed) < len(record["parts"]) else 1


def run(name: str, scratch: Path, tiny: bool, seconds_left: float) -> dict[str, Any]:
    """The part's figures, or its error; and how long it took."""
    (script, *arguments), limit = PARTS[name]
    limit_here = min(limit, seconds_left)
    if limit_here < 5:
        return {"error": "not run: the time for all parts was used up", "took_seconds": 0.0}
    out = scratch / f"{name}.json"
    command = [sys.executable, str(HERE / script), *arguments, f"--scratch={scratch}", f"--out={out}"]
    began = time.monotonic()
    with subprocess.Popen(
        [*command, *(["--tiny"] if tiny else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that a data loader's workers end with it
    ) as process:
        try:
            said, _ = process.communicate(timeout=limit_here)
            error = None if process.returncode == 0 else f"exit status {process.returncode}: {said[-TAIL:]}"
        except subprocess.TimeoutExpired:
            error = f"stopped after {limit_here:.0f} s"
        finally:
            _end_all(process)
    took = round(time.monotonic() - began, 1)
    if error is None and not out.is_file():
        error = "left no figures"
    return {"error": error, "took_seconds": took} if error else {**json.loads(out.read_text()), "took_seconds": took}


def _end_all(process: subprocess.Popen[str]) -> None:
    """The part's process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def machine() -> dict[str, Any]:
    """The card, its driver, and the versions that the figures hang on."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        card, driver, memory = (
            subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0].split(", ")
        )
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError):
        card, driver, memory = "no card", "", ""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "card": card,
        "driver": driver,
        "memory": memory,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
        "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }


if __name__ == "__main__":
    sys.exit(main())
