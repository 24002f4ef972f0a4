"""Entries that are several documents: each part decided by itself, a block of them at a time, and decoded together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Generic, TypeAlias

from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.parts import Part
from clipseek.sources import Skipped

from ..index.documents import Item
from ..index.whole import Whole
from ..protocols import PictureT
from .deciding import Deciding
from .lookup import Lookup
from .steps import Step

#: Of a file's bytes, the picture of each crop, or why there is none.
DecodeParts: TypeAlias = "Callable[[bytes, Sequence[Crop]], list[PictureT | ImageError]]"
#: Parts that are decoded together at most, and their pixels: for each such block its rows are read once more.
PARTS, PIXELS = 256, 16_000_000


class _Block(Generic[PictureT]):
    """The parts that are to be decoded, collected first."""

    def __init__(self) -> None:
        self.crops: list[Crop] = []
        self.pictures: Future[list[PictureT | ImageError]] | None = None

    def want(self, crop: Crop) -> _One[PictureT]:
        self.crops.append(crop)
        return _One(self, len(self.crops) - 1)


class _One(Generic[PictureT]):
    """One picture of a block; a ``Coming``."""

    def __init__(self, block: _Block[PictureT], place: int) -> None:
        self._block, self._place = block, place

    def result(self) -> PictureT:
        assert self._block.pictures is not None  # submitted before its steps are handed on
        picture = self._block.pictures.result()[self._place]
        if isinstance(picture, ImageError):
            raise picture
        return picture


class Parted(Generic[PictureT]):
    """Makes the steps of an entry's parts. ``submit``: as of an executor, for decoding."""

    def __init__(
        self,
        known: Lookup,
        deciding: Deciding[PictureT],
        submit: Callable[..., Future[list[PictureT | ImageError]]],
        decode: DecodeParts[PictureT],
    ) -> None:
        self._known, self._deciding, self._submit, self._decode = known, deciding, submit, decode

    def steps(self, item: Item, data: bytes, parts: Sequence[Part]) -> Iterator[Step[PictureT]]:
        """A step for each of ``parts``; with the last go the documents that speak of the entry and are none of its parts."""
        whole = Whole(item.id, len(parts))
        try:
            items = [item.parted(part, whole) for part in parts]
        except ValueError as problem:
            yield Skipped(item.path, "unusable id", str(problem), captions=item.captions_in)
            return
        own = {part.id for part in items}
        elsewhere = self._known.elsewhere({item.key: item.image_uri}).get(item.key, [])
        gone = tuple(dict.fromkeys(name for name in elsewhere if name not in own))
        size = _block_size(parts[0])
        for start in range(0, len(items), size):
            block: _Block[PictureT] = _Block()
            some = items[start : start + size]
            documents = self._known.documents([part.id for part in some])
            steps = [
                self._deciding.step(
                    part, data, documents.get(part.id), gone if part is items[-1] else (), _wanting(block, part)
                )
                for part in some
            ]
            if block.crops:
                block.pictures = self._submit(self._decode, data, block.crops)
            yield from steps


def _wanting(block: _Block[PictureT], item: Item) -> Callable[[], _One[PictureT]]:
    assert item.part is not None
    crop = item.part.crop
    return lambda: block.want(crop)


def _block_size(part: Part) -> int:
    pixels = int(part.crop.width * part.crop.height) if part.kind == "tile" else PIXELS // 8
    return max(1, min(PARTS, PIXELS // max(1, pixels)))
