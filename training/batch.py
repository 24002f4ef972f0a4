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
from .distributed import World
from .errors import TrainingError
from .model import Checkpoint
from .sampler import drawn_batches, epoch_batches


@dataclass(frozen=True)
class Batch:
    """pixels: (b, S, S, 3) uint8. tokens: input_ids and attention_mask (b, L) int64. keys: (B, K) int64.

    ``generator`` draws the views of this step's B pictures. b is B where one process works alone, else its part of it.
    """

    pixels: Tensor
    tokens: dict[str, Tensor]
    keys: Tensor
    generator: torch.Generator

    def __len__(self) -> int:
        return len(self.keys)


class BatchMaker:
    """Batches of ``pairs``, a share of each taken from ``keep``, general pairs that must not be forgotten."""

    def __init__(
        self, config: TrainConfig, checkpoint: Checkpoint, pairs: Pairs, keep: Pairs | None, world: World | None = None
    ) -> None:
        self._config, self._checkpoint, self._pairs = config, checkpoint, pairs
        self._world = world or World()
        self._keep = keep if keep is not None and len(keep) and config.keep_share else None
        self._kept = round(config.batch_size * config.keep_share) if self._keep is not None else 0
        self._own = min(max(2, config.batch_size - self._kept), config.samples or len(pairs))
        if (self._own + self._kept) % self._world.size:
            raise TrainingError(
                f"{self._world.size} processes cannot share batches of {self._own + self._kept} evenly; give a --batch-size "
                "that their number divides"
            )
        self.steps_per_epoch = len(self._batches(0)) if config.samples else len(pairs) // self._own
        self._keys = joint_keys(pairs, *([self._keep] if self._keep is not None else []))
        self._epoch = -1
        self._order: list[list[int]] = []

    def make(self, step: int) -> Batch:
        """The batch of ``step``, from 0: the same whenever and however often it is asked for."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order, self._epoch = self._batches(epoch), epoch
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
        part = self._world.part(len(captions))
        return Batch(
            pixels=torch.from_numpy(np.concatenate(pixels)[part]),
            tokens=self._checkpoint.tokenize(captions[part], self._config.max_tokens),
            keys=torch.from_numpy(np.concatenate(keys)),
            generator=torch.Generator().manual_seed(chance.getrandbits(63)),
        )

    def _batches(self, epoch: int) -> list[list[int]]:
        config, rows = self._config, len(self._pairs)
        if config.samples is None:
            return epoch_batches(self._keys[:rows], self._own, config.seed, epoch)
        drawn = drawn_batches(rows, config.samples, self._own, config.seed, epoch)
        alike = [batch for batch in drawn if len(batch) % self._world.size == 0]
        return alike or drawn

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
