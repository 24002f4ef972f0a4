"""What the fields of requests may hold."""

from __future__ import annotations

from typing import Annotated

from clipseek.opensearch.query.limits import MAX_WEIGHT, MIN_WEIGHT
from pydantic import BaseModel, ConfigDict, Field

#: Characters of one text: of a longer one than is searched for, the beginning is taken, and a note says so.
MAX_TEXT = 100_000
#: Texts and pictures that one request may have encoded, and labels that it may classify by.
MAX_ENCODED = 256

Weight = Annotated[float, Field(ge=MIN_WEIGHT, le=MAX_WEIGHT, description="How much it counts beside the others.")]
Share = Annotated[float, Field(ge=0, le=1)]
Id = Annotated[str, Field(min_length=1, max_length=1024, description="Id of a picture of the index.")]
FieldName = Annotated[str, Field(min_length=1, max_length=1000)]
Condition = Annotated[str, Field(max_length=10_000)]
Phrase = Annotated[str, Field(min_length=1, max_length=4000)]

SearchId = Annotated[
    str,
    Field(
        min_length=1, max_length=64, description="`search` of an answer.", examples=["9f2c41b07d5e4c1c8a6f0d3b7e9a1c52"]
    ),
]

CROP = Field(
    description="The part of the picture that is meant, as it is shown: left, top, width and height, as fractions of its sides.",
    examples=[[0.1, 0.2, 0.5, 0.5]],
)


class Strict(BaseModel):
    """A part of a request: no other fields, no numbers in strings, no infinities."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
