"""Token ids of many texts, read once and given out in batches of like lengths."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
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


def clip_tokenizer(folder: Path) -> Tokenizer:
    """A ``tokenizers`` reader of the CLIP tokenizer folder, the same ids as ``CLIPTokenizerFast`` gives."""
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    merges = [tuple(line.split()) for line in (folder / "merges.txt").read_text("utf-8").split("\n")[1:] if line]
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, end_of_word_suffix="</w>", fuse_unk=False, unk_token="<|endoftext|>")
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = Regex(r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+""")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.post_processor = processors.RobertaProcessing(
        sep=("<|endoftext|>", vocabulary["<|endoftext|>"]),
        cls=("<|startoftext|>", vocabulary["<|startoftext|>"]),
        add_prefix_space=False,
        trim_offsets=False,
    )
    return tokenizer
