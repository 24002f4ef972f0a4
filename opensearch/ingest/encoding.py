"""Pictures in batches through the model, and on to be written."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.errors import ImageError

from ..entries.parted import DecodeParts
from ..errors import IngestFailed
from ..index.documents import Item, timestamp
from ..protocols import Encoder, LoadsParts, PictureT
from .report import Shortened
from .reporter import Reporter
from .writing import Entry, Writing


@dataclass(frozen=True)
class Waiting(Generic[PictureT]):
    """A picture that waits for the others of its batch; ``state``, ``gone`` and ``rules`` as a New has them."""

    item: Item
    picture: PictureT
    state: Mapping[str, int] | None
    gone: tuple[str, ...]
    rules: tuple[str, ...] = ()


class Encoding(Generic[PictureT]):
    """Collects pictures, encodes ``batch_size`` of them together, and hands their documents to ``writing``."""

    def __init__(self, encoder: Encoder[PictureT], batch_size: int, writing: Writing, reporter: Reporter) -> None:
        self._encoder, self._batch_size, self._writing, self._reporter = encoder, batch_size, writing, reporter
        self._batch: list[Waiting[PictureT]] = []

    def add(self, waiting: Waiting[PictureT]) -> None:
        """Take one picture."""
        self._batch.append(waiting)
        if len(self._batch) >= self._batch_size:
            self.encode()

    def encode(self) -> None:
        """Encode what is collected, and hand it on."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        report = self._reporter.report
        before = time.monotonic()
        vectors = self._encoder.encode_pictures([waiting.picture for waiting in batch])
        report.encode_seconds += time.monotonic() - before
        expected = (len(batch), self._encoder.dimension)
        if vectors.shape != expected:
            raise IngestFailed(
                f"the model gave vectors of shape {vectors.shape} where {expected} was expected; export it again"
            )
        usable = np.isfinite(vectors).all(axis=1) & (np.abs(vectors).max(axis=1) > 0)
        now = timestamp()
        for waiting, vector, is_usable in zip(batch, vectors, usable, strict=True):
            item, picture = waiting.item, waiting.picture
            if not is_usable:
                self._reporter.skip_item(item, "no vector", "the model makes no vector of it")
                continue
            rules = {*waiting.rules, *getattr(picture, "rules", ())}  # which another's encoder may not know
            said = getattr(picture, "said", "")
            if said and (item.whole is None or not item.whole.ended):
                self._reporter.shorten(Shortened(item.path, "decoder's warning", said))
            document = item.document(vector, picture.width, picture.height, now, picture.appearance, rules)
            replaces = waiting.state is not None or bool(waiting.gone)
            entry = Entry(item, "replaced" if replaces else "indexed", document, waiting.gone)
            self._writing.put(entry, waiting.state)
            report.encoded += 1
        self._reporter.progress()


def loader_of_parts(encoder: Encoder[PictureT]) -> DecodeParts[PictureT]:
    """What decodes many crops of a file; one after another where the encoder has no ``load_parts``."""
    if isinstance(encoder, LoadsParts):
        load: DecodeParts[PictureT] = encoder.load_parts
        return load

    def one_by_one(data: bytes, crops: Sequence[Crop]) -> list[PictureT | ImageError]:
        found: list[PictureT | ImageError] = []
        for crop in crops:
            try:
                found.append(encoder.load_picture(data, crop))
            except ValueError as problem:
                found.append(ImageError(str(problem)))
        return found

    return one_by_one
