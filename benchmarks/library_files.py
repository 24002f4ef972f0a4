"""Every picture among the test files of the libraries that clipseek reads pictures with, read by clipseek and by that library.

    python benchmarks/library_files.py [FOLDER]

The source distributions are fetched into FOLDER by pip and never shipped. Each file must be within LIMIT of what its library
shows, on average, or be refused with a reason; nothing may hang or reach stderr.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.formats.sniffing import format_of
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules
from clipseek.encoder.pictures.suffixes import is_picture_name
from clipseek.encoder.pictures.worker.pool import Pool
from clipseek.encoder.pictures.worker.process import Limits
from numpy.typing import NDArray

PACKAGES = ("pillow", "pillow-heif", "pydicom", "nibabel", "imagecodecs", "labelme")
LIMIT = 4.0  # of 255, on average
_SLOW = 30.0  # seconds after which a file counts as hanging


@dataclass
class Found:
    """What became of the files of one package."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    worst: list[tuple[float, str]] = field(default_factory=list)


def fetch(folder: Path) -> None:
    """The newest source distribution of each package, unpacked."""
    for name in PACKAGES:
        if any(folder.glob(f"{name.replace('-', '_')}-*.tar.gz")):
            continue
        # Only the package itself from source: what builds it may come as a wheel.
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            name,
            "--dest",
            str(folder),
            name,
        ]
        subprocess.run(command, check=True)
    for archive in folder.glob("*.tar.gz"):
        target = folder / archive.name.removesuffix(".tar.gz")
        if not target.is_dir():
            with tarfile.open(archive) as members:
                members.extractall(folder, filter="data")


def pictures(folder: Path) -> list[Path]:
    """Every file that is a picture by its name or by what it holds."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if data and (format_of(data) is not None or is_picture_name(path.name)):
                found.append(path)
    return found


def compare(path: Path, theirs: Pool, found: Found) -> None:
    """Read ``path`` both ways, and count."""
    data = path.read_bytes()
    began = time.perf_counter()
    try:
        ours: NDArray[np.uint8] | None = open_picture(data, Rules()).pixels
    except ImageError as problem:
        ours = None
        found.reasons[str(problem)[:90]] += 1
    if time.perf_counter() - began > _SLOW:
        found.counts["slow"] += 1
    known = format_of(data)
    try:
        other: NDArray[np.uint8] | None = theirs.ask(data, {"format": known.name if known else ""}).arrays[0]
    except ImageError:
        other = None
    if ours is None:
        found.counts["refused" if other is not None else "refused by both"] += 1
        if other is not None:
            found.worst.append((-1.0, f"{path}: refused"))
        return
    if other is None:
        found.counts["read by clipseek alone"] += 1
        return
    difference = 255.0 if ours.shape != other.shape else float(np.abs(ours.astype(np.int16) - other).mean())
    found.counts["same" if difference <= LIMIT else "different"] += 1
    if difference > LIMIT:
        found.worst.append((difference, f"{path}: {ours.shape} and {other.shape}"))


def main() -> None:
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else made)
        folder.mkdir(parents=True, exist_ok=True)
        fetch(folder)
        theirs = Pool("library_readers:work", Limits(4_000), size=1)
        before = os.dup(2)
        with tempfile.TemporaryFile() as noise:
            os.dup2(noise.fileno(), 2)
            results = {}
            for name in PACKAGES:
                results[name] = found = Found()
                for archive in folder.glob(f"{name.replace('-', '_')}-*/"):
                    for path in pictures(archive):
                        compare(path, theirs, found)
            os.dup2(before, 2)
            noise.seek(0)
            printed = noise.read()
        theirs.close()
    show(results, printed)


def show(results: dict[str, Found], printed: bytes) -> None:
    """The table for docs/log, then what is to be looked at."""
    columns = ("same", "different", "refused", "refused by both", "read by clipseek alone", "slow")
    print(f"| files of | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, found in results.items():
        print(f"| {name} | {' | '.join(str(found.counts[column]) for column in columns)} |")
    print(f"\nbytes on stderr: {len(printed)} {printed[:300]!r}")
    for name, found in results.items():
        for difference, what in sorted(found.worst, reverse=True):
            print(f"{name}: {difference:.1f} {what}")
    for name, found in results.items():
        for reason, number in found.reasons.most_common(60):
            print(f"{name}: {number} × {reason}")


if __name__ == "__main__":
    main()
