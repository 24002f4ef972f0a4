"""A step's input as a pure function of (seed, step), made one step ahead while the model is busy with the last one."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..config import TrainConfig
from ..data.augment import words_of
from ..data.caption_forms import caption_form, varied
from ..data.pairs import Pairs, joint_keys
from ..data.sampler import drawn_batches, epoch_batches
from ..data.streamed import Streamed
from ..errors import TrainingError, UnusableData
from ..model.checkpoint import Checkpoint
from ..model.embed import VIEWS, Features, pooled_features
from .distributed import World

#: The least share of a batch's captions that must change for all to be read a second time.
LEAST_VARIED = 0.25
#: So many streamed pictures in a row may be unreadable.
UNREADABLE = 1000


@dataclass(frozen=True)
class Batch:
    """pixels: (b, S, S, 3) uint8. tokens: input_ids and attention_mask (b, L) int64. keys: (B, K) int64.

    ``generator`` draws the views of this step's B pictures. b is B where one process works alone, else its part of it.
    ``pooled``: (b, H) and (b, H') float32, the locked towers' outputs; then there are no pixels and no tokens.
    ``varied``: the captions once more, varied by their form (caption_forms.py), as ``tokens``, with a (B, B) bool: which of them
    (columns) also fit which pictures (rows), and so are no negatives; None where few captions of the batch can be varied.
    """

    pixels: Tensor
    tokens: dict[str, Tensor]
    keys: Tensor
    generator: torch.Generator
    pooled: tuple[Tensor, Tensor] | None = None
    varied: tuple[dict[str, Tensor], Tensor] | None = None

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
        self._own, self._kept = _shares(config, len(pairs), self._keep is not None)
        if (self._own + self._kept) % self._world.size:
            raise TrainingError(
                f"{self._world.size} processes cannot share batches of {self._own + self._kept} evenly; give a --batch-size "
                "that their number divides"
            )
        self.steps_per_epoch = len(self._batches(0)) if config.samples else len(pairs) // self._own
        self._keys = joint_keys(pairs, *([self._keep] if self._keep is not None else []))
        self.forms = [caption_form(part.captions) for part in (pairs, self._keep) if part is not None]
        self._epoch = -1
        self._order: list[list[int]] = []

    def make(self, step: int) -> Batch:
        """The batch of ``step``, from 0: the same at every call."""
        rows, kept, chance = self._rows(step)
        chosen = [(self._pairs, rows), *([(self._keep, kept)] if self._keep is not None else [])]
        pixels = [_pixels(pairs, some) for pairs, some in chosen]
        captions = [pairs.captions[row] for pairs, some in chosen for row in some]
        part = self._world.part(len(captions))
        forms = [form for (_, some), form in zip(chosen, self.forms, strict=True) for _ in some]
        again = [varied(text, form, chance) for text, form in zip(captions, forms, strict=True)]
        # Reading all captions twice for the sake of few costs more than it teaches.
        changed = sum(one != other for one, other in zip(captions, again, strict=True))
        twice = self._config.augment and changed >= LEAST_VARIED * len(captions)
        return Batch(
            pixels=torch.from_numpy(np.concatenate(pixels)[part]),
            tokens=self._checkpoint.tokenize(captions[part], self._config.max_tokens),
            keys=self._keys_of(rows, kept),
            generator=torch.Generator().manual_seed(chance.getrandbits(63)),
            varied=(self._checkpoint.tokenize(again[part], self._config.max_tokens), _fitting(captions, again))
            if twice
            else None,
        )

    def _rows(self, step: int) -> tuple[list[int], list[int], random.Random]:
        """Rows of the pairs, rows of the pairs to keep, and what draws the rest of this step."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order, self._epoch = self._batches(epoch), epoch
        chance = random.Random(f"{self._config.seed}/{step}/batch")
        count = len(self._keep) if self._keep is not None else 0
        return list(self._order[position]), [chance.randrange(count) for _ in range(self._kept)], chance

    def _keys_of(self, rows: list[int], kept: list[int]) -> Tensor:
        keys = self._keys[[*rows, *(len(self._pairs) + row for row in kept)]]
        sides = [(self._pairs, rows), *([(self._keep, kept)] if self._keep is not None else [])]
        if any(isinstance(pairs.pixels, Streamed) for pairs, _ in sides):
            # By then their bytes are known: equal ones are each other's positives.
            contents = [_content(pairs, int(pairs.picture[row])) for pairs, some in sides for row in some]
            keys[:, 0] = [int(content[:15], 16) for content in contents]
        return torch.from_numpy(keys)

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


def steps_of_an_epoch(config: TrainConfig, pairs: int, mixed: bool) -> int:
    """Of so many pairs, in one process. ``mixed``: general pairs have a share of each batch."""
    own, _ = _shares(config, pairs, mixed)
    return -(-config.samples // own) if config.samples else pairs // own


def _shares(config: TrainConfig, pairs: int, mixed: bool) -> tuple[int, int]:
    """How many of a batch are of the pairs, and how many general ones."""
    kept = round(config.batch_size * config.keep_share) if mixed else 0
    return min(max(2, config.batch_size - kept), config.samples or pairs), kept


def _pixels(pairs: Pairs, rows: list[int]) -> NDArray[np.uint8]:
    """Of the pairs ``rows``. In place of a streamed picture that cannot be read comes the next pair, in ``rows`` too.

    Raises UnusableData where many in a row cannot be read.
    """
    pixels = np.asarray(pairs.pixels[pairs.picture[rows]])
    for at in _replaced(pairs, rows):
        pixels[at] = pairs.pixels[int(pairs.picture[rows[at]])]
    return pixels


def _replaced(pairs: Pairs, rows: list[int]) -> Iterator[int]:
    """Put the next pair in place of each in ``rows`` whose streamed picture is known to be unreadable, and give its place there.
    Until the next place is asked for, that picture may turn out to be unreadable too.

    Raises UnusableData where many in a row are.
    """
    if not isinstance(pairs.pixels, Streamed) or not pairs.pixels.problems:
        return
    for at in range(len(rows)):
        tried = 0
        while (picture := int(pairs.picture[rows[at]])) in pairs.pixels.problems:
            tried, rows[at] = tried + 1, (rows[at] + 1) % len(pairs)
            if tried > UNREADABLE:
                raise UnusableData(f"{tried:,} pictures in a row cannot be read: {pairs.pixels.problems[picture]}")
            yield at


def _content(pairs: Pairs, picture: int) -> str:
    return pairs.pixels.content[picture] if isinstance(pairs.pixels, Streamed) else pairs.digests[picture]


def _fitting(captions: list[str], varied: list[str]) -> Tensor:
    """(B, B) bool: whether the caption of the row has every word of the varied one of the column."""
    whole, parts = [words_of(text) for text in captions], [words_of(text) for text in varied]
    return torch.tensor([[part <= words for part in parts] for words in whole])


class FeatureBatchMaker(BatchMaker):
    """The same batches for a model whose towers are locked: their outputs are looked up. ``features`` are those of ``pairs``,
    then those of ``keep`` where it is given."""

    def __init__(self, *arguments: Any, features: list[Features]) -> None:
        super().__init__(*arguments)
        self._features = features
        self._places = [pairs.shown_pictures()[1] for pairs in (self._pairs, self._keep) if pairs is not None]

    def make(self, step: int) -> Batch:
        rows, kept, chance = self._rows(step)
        for pairs, some in zip((self._pairs, self._keep), (rows, kept), strict=True):
            if pairs is not None:
                for _ in _replaced(pairs, some):  # the features of what cannot be read are those of black
                    pass
        images, texts = [], []
        for places, features, chosen in zip(self._places, self._features, (rows, kept), strict=False):
            views = len(features.pictures)
            image_views, text_views = ([chance.randrange(views) for _ in chosen] for _ in range(2))
            images.append(features.pictures[image_views, torch.from_numpy(places[chosen])])
            texts.append(features.captions[text_views, chosen])
        part = self._world.part(len(rows) + len(kept))
        return Batch(
            pixels=torch.empty(0),
            tokens={},
            keys=self._keys_of(rows, kept),
            generator=torch.Generator(),
            pooled=(torch.cat(images)[part], torch.cat(texts)[part]),
        )


def make_batches(
    config: TrainConfig,
    checkpoint: Checkpoint,
    pairs: Pairs,
    keep: Pairs | None,
    world: World,
    locked: str | None,
    notify: Callable[[dict[str, Any]], None],
) -> BatchMaker:
    """Batches of pictures and captions; of features, where both towers are ``locked`` (then the precision they compute in)."""
    if locked is None:
        return BatchMaker(config, checkpoint, pairs, keep, world)

    def progress(done: int, of: int) -> None:
        notify({"event": "features", "done": done, "of": of})

    views, limit = VIEWS if config.augment else 1, config.max_tokens
    features = [
        pooled_features(
            checkpoint,
            part,
            locked,
            views=views,
            seed=config.seed,
            kind="natural" if config.views == "none" else config.views,
            max_tokens=limit,
            on_progress=progress,
        )
        for part in (pairs, keep if config.keep_share else None)
        if part is not None and len(part)
    ]
    return FeatureBatchMaker(config, checkpoint, pairs, keep, world, features=features)
