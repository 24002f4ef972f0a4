"""Text to token ids, by the bundle's own tokenizer.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bundle import TextSpec
from .errors import BundleError

# Far more than any context holds: a query of megabytes costs no more than one of a page.
_MAX_CHARACTERS = 10_000


class TextTokenizer:
    """Thread-safe. Texts are cut to the context with the end-of-text token kept, and padded to the longest of the batch."""

    def __init__(self, path: Path, spec: TextSpec) -> None:
        """Raises BundleError when ``path`` is no tokenizer."""
        from tokenizers import Tokenizer

        self._spec = spec
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(path))
        except Exception as problem:  # the library raises bare Exception
            raise BundleError(f"{path} cannot be read ({problem}); export the bundle again") from None
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # User text is only ever text: "<|endoftext|>" typed by somebody must not end the query.
        self._special = [token.content for token in self._tokenizer.get_added_tokens_decoder().values()]

    def __call__(self, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Ids and attention mask, both (N, L) int64, and how many of the texts were cut."""
        encoded = [e.ids for e in self._tokenizer.encode_batch([self._plain(text) for text in texts])]
        limit, end = self._spec.context_length, self._spec.eos_id
        cut = sum(len(ids) > limit for ids in encoded)
        encoded = [ids if len(ids) <= limit else [*ids[: limit - 1], end] for ids in encoded]
        width = max(len(ids) for ids in encoded)
        ids = np.full((len(encoded), width), self._spec.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for row, values in enumerate(encoded):
            ids[row, : len(values)] = values
            mask[row, : len(values)] = 1
        return ids, mask, cut

    def _plain(self, text: str) -> str:
        text = text[:_MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")  # lone surrogates become "?"
        for token in self._special:
            if token in text:
                text = text.replace(token, token.strip("<|>"))
        return text
