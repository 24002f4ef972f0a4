"""What this room asks of an encoder.

``clipseek.encoder.ClipEncoder`` satisfies it; so does any class with these five members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.errors import ImageError
from numpy.typing import NDArray


class Picture(Protocol):
    """A decoded and preprocessed picture; ``width`` and ``height`` are the original's, in pixels."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def appearance(self) -> bytes:
        """A 64-bit hash (8 bytes) and the mean colours of 8 x 8 cells (192 bytes), which ``search/page_rows.py`` compares; or
        nothing, and the picture is no near duplicate of any.
        """


PictureT = TypeVar("PictureT", bound=Picture)
PartsT = TypeVar("PartsT", bound=Picture)


class Encoder(Protocol[PictureT]):
    """Pictures and texts to unit vectors of one space."""

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 over everything that decides a vector: two encoders of one fingerprint give the same vectors."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def load_picture(self, data: bytes, crop: Crop | None = None) -> PictureT:
        """Decode a file's bytes, and of the picture take ``crop``, if there is one (``Crop.box``). Thread-safe. Raises ValueError
        whose text is the reason."""

    def encode_pictures(self, pictures: Sequence[PictureT]) -> NDArray[np.float32]:
        """``(N, D) float32``, unit rows."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """``(N, D) float32``, unit rows."""


class TextReader(Protocol):
    """Reads the words that stand in pictures: ``clipseek.encoder.ocr.reader.OcrReader`` satisfies it. Thread-safe."""

    @property
    def lanes(self) -> int:
        """How many pictures are best read side by side."""

    @property
    def marks(self) -> tuple[str, ...]:
        """Every ``mark`` of a document whose text is what this reader gives."""

    def mark(self, data: bytes) -> str:
        """What a document keeps beside the text of the picture in a file's bytes: of another mark, it is read again."""

    def read(self, data: bytes, crop: Crop | None = None) -> str | None:
        """The text of the picture, or of ``crop`` of it, a row a line; empty where there is none, None where it is passed over.

        Raises ValueError with the reason.
        """


#: For callers that never touch a picture between ``load_picture`` and ``encode_pictures``.
AnyEncoder: TypeAlias = Encoder[Any]


@runtime_checkable
class LoadsParts(Protocol[PartsT]):
    """What an encoder may have besides: then a file is decoded once for many crops of it."""

    def load_parts(self, data: bytes, crops: Sequence[Crop]) -> list[PartsT | ImageError]:
        """``load_picture`` of each of ``crops``, or the reason why there is none."""


@runtime_checkable
class CutsTexts(Protocol):
    """What an encoder may have besides: then a search says when its words were cut."""

    @property
    def context_length(self) -> int:
        """How many tokens of a text the model reads."""

    def count_cut(self, texts: Sequence[str]) -> int:
        """How many of the texts are longer."""
