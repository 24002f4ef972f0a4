"""What a client sends: every field, what it means, and what it may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from clipseek.opensearch.query.limits import (
    MAX_HITS,
    MAX_PARTS,
    MAX_REACH,
    MAX_WEIGHT,
    MIN_WEIGHT,
    Kind,
    Match,
)
from pydantic import BaseModel, ConfigDict, Field

Weight = Annotated[float, Field(ge=MIN_WEIGHT, le=MAX_WEIGHT, description="How much it counts beside the others.")]
Share = Annotated[float, Field(ge=0, le=1)]
#: Characters of one text: of a longer one than is searched for, the beginning is taken, and a note says so.
MAX_TEXT = 100_000
Words = Annotated[str, Field(max_length=MAX_TEXT)]


class Strict(BaseModel):
    """A part of a request: no other fields, no numbers in strings, no infinities."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True)


class WeightedText(Strict):
    """A text, and how much it counts."""

    text: Annotated[str, Field(min_length=1, max_length=4000)]
    weight: Weight = 1.0


class WeightedPicture(Strict):
    """A picture file: its bytes, or which of the request's uploads it is."""

    data: (
        Annotated[str, Field(description="The file's bytes in base64.", json_schema_extra={"format": "byte"})] | None
    ) = None
    upload: Annotated[int, Field(ge=0, lt=MAX_PARTS, description="Position among the parts named upload.")] | None = (
        None
    )
    weight: Weight = 1.0
    crop: (
        Annotated[
            tuple[Share, Share, Share, Share],
            Field(
                description="The part of the picture that is meant, as it is shown: left, top, width and height, as fractions of "
                "its width and height.",
                examples=[[0.1, 0.2, 0.5, 0.5]],
                strict=False,
            ),
        ]
        | None
    ) = None


class WeightedId(Strict):
    """A picture of the index, and how much it counts."""

    id: Annotated[str, Field(min_length=1, max_length=1024)]
    weight: Weight = 1.0


class FusionRequest(Strict):
    """How the scores of a hybrid's clauses become one; what is left out is the index's own."""

    technique: Literal["min_max", "l2", "z_score", "rrf"] | None = None
    mean: Literal["arithmetic", "geometric", "harmonic"] | None = None
    weight: Annotated[Share, Field(description="Share of the vectors; the caption has the rest.")] | None = None
    pipeline: Annotated[str, Field(max_length=100, description="A search pipeline stored on the server.")] | None = None
    depth: Annotated[int, Field(ge=1, le=MAX_REACH, description="Candidates of each clause.")] | None = None
    ef_search: Annotated[int, Field(ge=1, le=MAX_REACH)] | None = None
    complete: Annotated[bool, Field(description="Score every candidate by every clause.")] | None = None


class PageRequest(Strict):
    """Which pictures may be found, and which of them are shown."""

    filters: Annotated[
        list[Annotated[str, Field(max_length=10_000)]],
        Field(
            max_length=64,
            description="Conditions on fields, as of --filter; all must hold.",
            examples=[["set=lucide,mdi"]],
        ),
    ] = Field(default_factory=list)
    size: Annotated[int, Field(ge=1, le=MAX_HITS, description="Hits on the page.")] = 50
    start: Annotated[int, Field(ge=0, lt=MAX_REACH, description="Hits before it.")] = 0
    sort: Annotated[str, Field(max_length=1000, description="FIELD, FIELD:asc or FIELD:desc.")] | None = None
    facets: Annotated[
        list[Annotated[str, Field(max_length=1000)]],
        Field(max_length=10, description="Fields whose values are counted."),
    ] = Field(default_factory=list)
    group: Annotated[
        Literal["none", "duplicates", "near"],
        Field(description="Show pictures of the same bytes, or that look nearly the same, once."),
    ] = "none"


class SearchRequest(PageRequest):
    """Words, pictures, pictures of the index, or any mix of them; with none of these, the corpus itself."""

    text: Annotated[Words, Field(description="The words to search for.", examples=["red bicycle"])] = ""
    texts: Annotated[list[WeightedText], Field(max_length=MAX_PARTS)] = Field(default_factory=list)
    pictures: Annotated[list[WeightedPicture], Field(max_length=MAX_PARTS)] = Field(default_factory=list)
    like: Annotated[
        list[WeightedId], Field(max_length=MAX_PARTS, description="Pictures of the index to search by.")
    ] = Field(default_factory=list)
    unlike: Annotated[list[WeightedId], Field(max_length=MAX_PARTS, description="Pictures to move away from.")] = Field(
        default_factory=list
    )
    not_: Annotated[
        list[Annotated[str, Field(max_length=4000)]],
        Field(alias="not", max_length=MAX_PARTS, description="Words to move away from."),
    ] = Field(default_factory=list)
    not_weight: Annotated[Share, Field(description="How much of what is not wanted is subtracted.")] = 0.5
    text_weight: Annotated[Share, Field(description="Share of the texts beside pictures in the query's vector.")] = 0.5
    kind: Annotated[Kind, Field(description="By default hybrid where there are words, else vector.")] | None = None
    match: Annotated[Match, Field(description="Which of the words a caption must have.")] | None = None
    exact: Annotated[bool, Field(description="Match words as they are written, without stemming.")] | None = None
    split: Annotated[bool, Field(description="Make every text, picture and id a clause of its own.")] = False
    fusion: FusionRequest | None = None
    min_cosine: Annotated[float, Field(ge=-1, le=1)] | Literal["auto"] | None = Field(
        default=None, description="Mark hits below it as irrelevant; auto is the index's calibrated cut-off."
    )
    explain: Annotated[bool, Field(description="Add to each hit how its score adds up.")] = False
