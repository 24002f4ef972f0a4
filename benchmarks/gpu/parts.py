"""What the parts share: their sizes, a checkpoint, picture files and captions, the device, and the way in."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from checkpoints import make_vit_b32
from inputs import picture_file, short_texts

if TYPE_CHECKING:
    from clipseek.encoder import Bundle


@dataclass(frozen=True)
class Sizes:
    """``files`` picture files of ``picture`` pixels are the pairs to train on; batches of ``batch``, ``epochs`` over them.
    ``rows``: vectors compared between devices. ``encode_batch``, ``rounds``: of what is timed on the device alone.
    """

    files: int
    picture: tuple[int, int]
    batch: int
    epochs: int
    rows: int
    encode_batch: int
    rounds: int


FULL = Sizes(files=4096, picture=(320, 240), batch=1024, epochs=4, rows=64, encode_batch=256, rounds=20)
TINY = Sizes(files=48, picture=(64, 48), batch=16, epochs=2, rows=8, encode_batch=8, rounds=2)


@dataclass(frozen=True)
class Setting:
    """One run of all parts: its sizes, and the folder that they leave things in for one another."""

    scratch: Path
    sizes: Sizes
    tiny: bool

    def checkpoint(self) -> Path:
        """A CLIP with random weights of ViT-B/32's shapes."""
        return self._whole("checkpoint", lambda folder: make_vit_b32(folder, self.tiny))

    def files(self) -> list[Path]:
        """The picture files; their captions are ``captions``."""
        folder = self._whole("pictures", self._write_pictures)
        return sorted(folder.iterdir())

    def captions(self) -> list[str]:
        """A short text for each file, no two alike."""
        return [f"{text} {number}" for number, text in enumerate(short_texts(self.sizes.files))]

    def bundle(self, precision: Any) -> Bundle:
        """The checkpoint's bundle, whatever its gate says: another part judges it."""
        from clipseek.encoder import Bundle
        from clipseek.export.checkpoint import export_bundle

        folder = self.scratch / f"bundle-{precision}"
        if folder.is_dir():
            return Bundle.load(folder)
        return export_bundle(str(self.checkpoint()), folder, precision=precision, accept_loss=True)

    def _whole(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder of this name, made under another so that a part that is stopped leaves none half made."""
        folder, unfinished = self.scratch / name, self.scratch / f"{name}.unfinished"
        if not folder.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            make(unfinished)
            unfinished.rename(folder)
        return folder

    def _write_pictures(self, folder: Path) -> None:
        numbers = range(self.sizes.files)
        names = [str(folder / f"{number:05}.jpg") for number in numbers]
        # By the seed a third would be PNG; camera pictures are JPEG, which is also what decodes fastest.
        seeds = [3 * number + 1 for number in numbers]
        workers = 1 if self.tiny else min(16, os.cpu_count() or 1)
        if workers == 1:
            for name, seed in zip(names, seeds, strict=True):
                _write_picture(name, self.sizes.picture, seed)
            return
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(_write_picture, names, [self.sizes.picture] * len(names), seeds, chunksize=64))


def _write_picture(name: str, size: tuple[int, int], seed: int) -> None:
    Path(name).write_bytes(picture_file(size, seed))


def device() -> str:
    """``cuda`` where torch can use a card, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def wait_for_device() -> None:
    """Until all that was given to the card is computed."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_megabytes() -> float:
    """The most that torch held of the card's memory; without a card, the process's own peak."""
    import resource

    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated() / 1e6)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def run_part(measure: Callable[[Setting], dict[str, Any]]) -> None:
    """The way in of a part's script: its figures as JSON into ``--out``."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="folder shared by the parts")
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the figures")
    parser.add_argument("--tiny", action="store_true", help="small shapes, for a CPU")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    setting = Setting(options.scratch, TINY if options.tiny else FULL, options.tiny)
    figures = measure(setting)
    options.out.write_text(json.dumps(figures, indent=1), "utf-8")
