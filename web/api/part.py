"""Which part of its file a hit is, as JSON."""

from __future__ import annotations

from clipseek.encoder.pictures.parts import PartKind
from pydantic import BaseModel, Field


class PartAnswer(BaseModel):
    """A tile of a scene, or a page, frame or slice of a file that is several hits."""

    of: str = Field(description="Id of the whole, to filter by: part.of=ID.")
    kind: PartKind
    count: int = Field(description="How many parts the file has.")
    number: int | None = Field(None, description="Of a page, frame or slice, from 1.")
    left: int | None = Field(None, description="Of a tile, in pixels of the scene, from its top left corner.")
    top: int | None = None
    width: int | None = None
    height: int | None = None
