"""What an agent gives to the tools: every argument, what it means, and what it may hold."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from clipseek.opensearch.query.limits import MAX_REACH, Kind
from pydantic import BaseModel, ConfigDict, Field

from ..api.request.parts import Condition, FieldName, Id, Phrase, Share

#: Hits of one call: a model reads all of them.
MAX_SHOWN = 50
#: Pictures that one query names.
_MAX_NAMED = 16
Size: TypeAlias = Literal[160, 320, 640, 1280]


class Arguments(BaseModel):
    """No other names than these, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    index: str | None = Field(default=None, max_length=255, description="Name of the index; by default the first one.")


class Narrowed(Arguments):
    """Which pictures may be found."""

    filters: list[Condition] = Field(
        default_factory=list,
        max_length=64,
        description="Conditions that must all hold: FIELD=VALUE, FIELD=ONE,OTHER for either, FIELD!=VALUE; numbers and dates "
        "also with <, <=, > and >=. A date may be a whole year, month or day: day=2024-05 is all of May 2024. "
        "describe_index names the fields and their values.",
        examples=[["set=lucide,mdi", "width>=640"]],
    )
    any_: list[Condition] = Field(
        default_factory=list,
        alias="any",
        max_length=64,
        description="Further conditions, written the same way, of which at least one must hold.",
    )
    time_zone: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="Of dates in conditions, like Europe/Berlin; by default the index's own."
    )


class Paged(Narrowed):
    """Which of the pictures are listed."""

    limit: int = Field(default=10, ge=1, le=MAX_SHOWN, description="How many pictures to list.")
    start: int = Field(
        default=0, ge=0, lt=MAX_REACH, description="How many to leave out before them, for the next page."
    )
    sort: FieldName | None = Field(
        default=None, description="FIELD:asc or FIELD:desc instead of the best first.", examples=["width:desc"]
    )
    group: Literal["none", "duplicates", "near"] = Field(
        default="none",
        description="List pictures of the same bytes (duplicates), or that look nearly the same (near), once.",
    )


class Sought(Arguments):
    """What is searched for: words, a picture, pictures of the index, or any mix of them."""

    text: str = Field(default="", max_length=4000, description="What the pictures show, in words.")
    not_: list[Phrase] = Field(
        default_factory=list, alias="not", max_length=_MAX_NAMED, description="Words for what they must not show."
    )
    picture_file: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(
        default=None,
        description="A picture to search by: absolute path of a file in one of the folders whose pictures may be shown.",
    )
    picture_data: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="A picture to search by: the bytes of its file in base64."
    )
    crop: Annotated[list[Share], Field(min_length=4, max_length=4)] | None = Field(
        default=None,
        description="The part of that picture that is meant: left, top, width and height, as fractions of its sides.",
    )
    like: list[Id] = Field(
        default_factory=list, max_length=_MAX_NAMED, description="Ids of pictures of the index to search by."
    )
    unlike: list[Id] = Field(
        default_factory=list, max_length=_MAX_NAMED, description="Ids of pictures of the index to move away from."
    )
    kind: Kind | None = Field(
        default=None,
        description="caption: match words in captions; vector: compare what the pictures show; hybrid: both. By default hybrid "
        "where there are words, else vector.",
    )


class SearchArguments(Sought, Paged):
    """Of search_pictures."""

    min_cosine: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        default=None,
        description="Mark hits whose cosine is below it as not relevant; by default the index's cut-off, where it has one and "
        "words alone are searched for.",
    )


class SimilarArguments(Paged):
    """Of similar_pictures."""

    id: Id
    near: bool = Field(
        default=False,
        description="Only those of its 200 nearest that are the same file or look nearly the same: saved again, resized, a "
        "little brighter.",
    )


class CountArguments(Sought, Narrowed):
    """Of count_values."""

    facets: list[FieldName] = Field(
        min_length=1, max_length=10, description="Fields whose values are counted.", examples=[["set"]]
    )


class DescribeArguments(Arguments):
    """Of describe_index."""


class LookArguments(Arguments):
    """Of look_at_picture."""

    id: Id
    size: Size = Field(default=640, description="Pixels of its longer side; a picture is never enlarged.")
