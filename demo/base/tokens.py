"""Token ids of many texts, read once and given out in batches of like lengths."""

from __future__ import annotations

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor


class Tokens:
    """Token ids of ``texts``, cut to ``width``. ``pad`` fills; ``end``, where given, closes a text that was cut."""

    def __init__(self, tokenizer: Tokenizer, texts: list[str], width: int, pad: int, end: int | None = None) -> None:
        tokenizer.enable_truncation(width)
        encoded = [e.ids for e in tokenizer.encode_batch(texts)]
        if end is not None:
            encoded = [ids if ids[-1] == end else [*ids[: width - 1], end] for ids in encoded]
        ids = np.full((len(encoded), width), pad, np.int32)
        for row, values in zip(ids, encoded, strict=True):
            row[: len(values)] = values
        self.lengths = torch.tensor([len(values) for values in encoded])
        self.ids = torch.from_numpy(ids)

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Ids and mask (N, L) int64 of the given rows, cut to the longest of them."""
        lengths = self.lengths[rows]
        width = int(lengths.max())
        return self.ids[rows, :width].long(), (torch.arange(width)[None] < lengths[:, None]).long()

    def batches(self, rows: Tensor, count: int) -> list[tuple[Tensor, Tensor]]:
        """``count`` batches that together hold the rows, the short ones first: where each goes (M,), and ids (M, L)."""
        order = torch.argsort(self.lengths[rows])
        return [(part, self.take(rows[part])[0]) for part in order.chunk(count)]
