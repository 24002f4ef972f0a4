"""Text to token ids, by the bundle's own tokenizer.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from clipseek.files.text import without_surrogates
from numpy.typing import NDArray

from ..bundle.bundle import TextSpec
from ..errors import BundleError

# Far more than any context holds: a query of megabytes costs no more than one of a page.
MAX_CHARACTERS = 10_000


class TextTokenizer:
    """Texts to ids, both ends marked. Thread-safe."""

    def __init__(self, path: Path, spec: TextSpec) -> None:
        """Raises BundleError when ``path`` is no tokenizer."""
        from tokenizers import Tokenizer

        self._spec = spec
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(path))
        except Exception as problem:  # the library raises bare Exception
            raise BundleError(f"{path} cannot be read ({problem}); copy or export the bundle again") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # What somebody typed is only ever text: "<|endoftext|>" in it must not end the query.
        self._tokenizer.encode_special_tokens = True

    def encode(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        """Ids of each text, cut to the context with the end-of-text token kept; and how many texts were cut."""
        limit, end = self._spec.context_length, self._spec.eos_id
        encoded = [entry.ids for entry in self._tokenizer.encode_batch_fast([_plain(text) for text in texts])]
        cut = sum(len(ids) > limit for ids in encoded)
        return [ids if len(ids) <= limit else [*ids[: limit - 1], end] for ids in encoded], cut

    def pad(self, encoded: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids and attention mask, both (N, L) int64, L the longest of ``encoded``."""
        width = max(map(len, encoded), default=0)
        ids = np.full((len(encoded), width), self._spec.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for row, values in enumerate(encoded):
            ids[row, : len(values)] = values
            mask[row, : len(values)] = 1
        return ids, mask


def _plain(text: str) -> str:
    """Text that the tokenizer takes: lone surrogates (odd file names, broken JSON) become question marks."""
    if len(text) > MAX_CHARACTERS:
        text = " ".join(text.split())[:MAX_CHARACTERS]
    return without_surrogates(text)
