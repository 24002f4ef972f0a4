"""The words that stand in pictures, read beside their decoding: which pictures are to be read, and what their documents keep."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from clipseek.encoder.pictures.crop import Crop

from ..index.picture_text import READ_BY, TEXT
from ..index.words.captions import stored_caption
from ..protocols import TextReader
from .pixels import PixelBudget


class Texts:
    """Reads pictures by ``reader``, as many at once as it has lanes; without one, keeps what documents have.

    ``budget``: of pixels that are decoded at once.
    """

    def __init__(self, reader: TextReader | None, budget: PixelBudget) -> None:
        self._reader = reader
        if reader is not None:
            self._read = budget.within(reader.read)
            self._pool = ThreadPoolExecutor(reader.lanes, thread_name_prefix="clipseek-ocr")

    def of(
        self, data: bytes, known: Mapping[str, Any] | None, crop: Crop | None = None
    ) -> Future[dict[str, str]] | None:
        """The fields of the picture in ``data``, or of ``crop`` of it, under way, or None where the document ``known`` has them
        already, or nothing is read. The future raises ValueError with the reason where the text cannot be read.
        """
        if self._reader is None or (known is not None and known.get(READ_BY) in self._reader.marks):
            return None
        return self._pool.submit(self._fields, data, crop)

    def close(self) -> None:
        """Drop what waits."""
        if self._reader is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _fields(self, data: bytes, crop: Crop | None) -> dict[str, str]:
        assert self._reader is not None  # nothing is submitted without one
        text, by = self._read(data, crop), {READ_BY: self._reader.mark(data)}
        return by if text is None else {TEXT: stored_caption((text,))[0], **by}


def kept(known: Mapping[str, Any]) -> dict[str, str]:
    """The fields that a document of the same picture keeps when it is written anew."""
    return {name: known[name] for name in (TEXT, READ_BY) if known.get(name)}


def difference(fields: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Any]:
    """What of the text's ``fields`` the document ``known`` has not, as a partial update: an empty text is null."""
    return {name: value or None for name, value in fields.items() if (known.get(name) or "") != value}
