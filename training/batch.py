"""One step's input as a pure function of (seed, step), made a step ahead while the processor is busy with the last one."""

from __future__ import annotations

import random
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from clipseek.evaluation.judgments import Ints
from torch import Tensor

from .augment import random_caption
from .config import TrainConfig
from .data import Pairs, joint_keys
from .model import Checkpoint
from .sampler import epoch_batches


@dataclass(frozen=True)
class Batch:
    """pixels: (B, S, S, 3) uint8. tokens: input_ids and attention_mask (B, L) int64. keys: (B, K) int64.

    ``generator`` draws the views of this step's pictures.
    """

    pixels: Tensor
    tokens: dict[str, Tensor]
    keys: Tensor
    generator: torch.Generator

    def __len__(self) -> int:
        return len(self.keys)


class BatchMaker:
    """Batches of ``pairs``, a share of each taken from ``keep``, general pairs that must not be forgotten."""

    def __init__(self, config: TrainConfig, checkpoint: Checkpoint, pairs: Pairs, keep: Pairs | None) -> None:
        self._config, self._checkpoint, self._pairs = config, checkpoint, pairs
        self._keep = keep if keep is not None and len(keep) else None
        wanted = round(config.batch_size * config.keep_share) if self._keep is not None else 0
        self._own = min(max(2, config.batch_size - wanted), len(pairs))
        self._kept = wanted
        self.steps_per_epoch = len(pairs) // self._own
        self._keys = joint_keys(pairs, *([self._keep] if self._keep is not None else []))
        self._epoch = -1
        self._order: list[list[int]] = []

    def make(self, step: int) -> Batch:
        """The batch of ``step``, from 0: the same whenever and however often it is asked for."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order = epoch_batches(self._keys[: len(self._pairs)], self._own, self._config.seed, epoch)
            self._epoch = epoch
        rows = self._order[position]
        pixels = [self._pixels(self._pairs, rows)]
        captions = [self._pairs.captions[row] for row in rows]
        keys: list[Ints] = [self._keys[rows]]
        chance = random.Random(f"{self._config.seed}/{step}/batch")
        if self._keep is not None and self._kept:
            chosen = [chance.randrange(len(self._keep)) for _ in range(self._kept)]
            pixels.append(self._pixels(self._keep, chosen))
            captions += [self._keep.captions[row] for row in chosen]
            keys.append(self._keys[[len(self._pairs) + row for row in chosen]])
        if self._config.augment:
            captions = [random_caption(caption, chance) for caption in captions]
        return Batch(
            pixels=torch.from_numpy(np.concatenate(pixels)),
            tokens=self._checkpoint.tokenize(captions),
            keys=torch.from_numpy(np.concatenate(keys)),
            generator=torch.Generator().manual_seed(chance.getrandbits(63)),
        )

    def ahead(self, first: int, stop: int) -> Generator[Batch, None, None]:
        """The batches of steps ``first`` to ``stop - 1``, each begun while its predecessor is in use."""
        with ThreadPoolExecutor(1, thread_name_prefix="batch") as pool:
            coming = pool.submit(self.make, first)
            for step in range(first, stop):
                batch = coming.result()
                if step + 1 < stop:
                    coming = pool.submit(self.make, step + 1)
                yield batch

    @staticmethod
    def _pixels(pairs: Pairs, rows: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        return np.asarray(pairs.pixels[pairs.picture[rows]])
