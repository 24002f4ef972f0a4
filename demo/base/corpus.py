"""What ``features.py`` wrote, read back: pictures, captions, and the frozen towers' features of both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class Corpus:
    """``pictures`` (N, 3, 128, 128) uint8, ``concepts`` (N,) int64, ``readings`` (N, 4) strings, ``texts`` (N, 4, 384),
    ``images`` (N, 1280 * 2) float16, ``phrases`` (P,) strings, ``recoloured`` (M, 3, 128, 128) uint8."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pairs = json.loads((folder / "pairs.json").read_text("utf-8"))
        self.splits = [pair["split"] for pair in pairs]
        self.shipped = [pair["shipped"] for pair in pairs]
        self.readings: list[list[str]] = [pair["readings"] for pair in pairs]
        self.phrases: list[str] = json.loads((folder / "phrases.json").read_text("utf-8"))
        numbers: dict[str, int] = {}
        self.concepts = torch.tensor([numbers.setdefault(pair["concept"], len(numbers)) for pair in pairs])
        self.pictures, self.recoloured = self.read("pictures"), self.read("recoloured")
        self.texts = self.read("text_features").unflatten(0, (len(pairs), -1))

    def read(self, name: str) -> Tensor:
        return torch.from_numpy(np.load(self.folder / f"{name}.npy", mmap_mode="c"))

    def rows(self, split: str, *, shipped: bool = False) -> Tensor:
        """Row numbers (M,) of one split; of the shipped pairs alone."""
        return torch.tensor(
            [i for i, name in enumerate(self.splits) if name == split and (self.shipped[i] or not shipped)]
        )
