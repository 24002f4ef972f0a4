"""What a client sends: every field, what it means, and what it may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from clipseek.opensearch.query.fusion import Mean, Technique
from clipseek.opensearch.query.limits import MAX_HITS, MAX_PARTS, MAX_REACH, Kind, Match
from pydantic import ConfigDict, Field

from .parts import (
    CROP,
    MAX_ENCODED,
    MAX_TEXT,
    Condition,
    FieldName,
    Id,
    Phrase,
    SearchId,
    Share,
    Strict,
    Weight,
)


class WeightedText(Strict):
    """A text, and how much it counts."""

    text: Phrase
    weight: Weight = 1.0


class WeightedId(Strict):
    """A picture of the index, and how much it counts."""

    id: Id
    weight: Weight = 1.0


class SentPicture(Strict):
    """A picture file: its bytes (data), or which of the request's files it is (upload); one of the two."""

    data: Annotated[str, Field(description="The file's bytes in base64.")] | None = None
    upload: Annotated[int, Field(ge=0, lt=MAX_PARTS, description="Position among the parts named upload.")] | None = (
        None
    )
    crop: Annotated[tuple[Share, Share, Share, Share], CROP] | None = None


class WeightedPicture(SentPicture):
    """A picture file, and how much it counts."""

    weight: Weight = 1.0


class FusionRequest(Strict):
    """How the scores of a hybrid's clauses become one; what is left out is the index's own."""

    technique: Technique | None = Field(
        default=None, description="How a clause's scores are normalised; rrf counts ranks."
    )
    mean: Mean | None = Field(default=None, description="How normalised scores are averaged.")
    weight: Annotated[Share, Field(description="Share of the vectors; the caption has the rest.")] | None = None
    pipeline: (
        Annotated[str, Field(max_length=100, description="A search pipeline stored on the server, instead.")] | None
    ) = None
    depth: Annotated[int, Field(ge=1, le=MAX_REACH, description="Candidates of each clause.")] | None = None
    ef_search: Annotated[int, Field(ge=1, le=MAX_REACH, description="More is surer and slower.")] | None = None
    complete: Annotated[bool, Field(description="Score every candidate by every clause.")] | None = None


class PageRequest(Strict):
    """Which pictures may be found, and which of them are shown."""

    filters: list[Condition] = Field(
        default_factory=list,
        max_length=64,
        description="Conditions on fields; all must hold: field=value, field=one,other, field!=value, width>=640, day=2024-05.",
        examples=[["set=lucide,mdi"]],
    )
    any_: list[Condition] = Field(
        default_factory=list, alias="any", max_length=64, description="Further conditions; at least one must hold."
    )
    time_zone: Annotated[str, Field(max_length=100, examples=["Europe/Berlin"])] | None = Field(
        default=None, description="Of dates in conditions; by default the index's own."
    )
    size: int = Field(default=50, ge=1, le=MAX_HITS, description="Hits on the page.")
    start: int = Field(default=0, ge=0, lt=MAX_REACH, description="Hits before it.")
    sort: Annotated[FieldName, Field(description="FIELD, FIELD:asc or FIELD:desc; by default by score.")] | None = None
    facets: list[FieldName] = Field(
        default_factory=list, max_length=10, description="Fields whose values are counted.", examples=[["set"]]
    )
    group: Literal["none", "duplicates", "near"] = Field(
        default="none", description="Show pictures of the same bytes, or that look nearly the same, once."
    )
    min_cosine: Annotated[float, Field(ge=-1, le=1)] | Literal["auto"] | None = Field(
        default=None, description="Mark hits below it as irrelevant; auto is the index's calibrated cut-off."
    )
    search: SearchId | None = Field(
        default=None,
        description="Where searches are logged: the id of the search of which this is another page or another weight.",
    )
    log: bool = Field(
        default=True,
        description="Where searches are logged: false leaves this one out, as one that is made while somebody still types.",
    )


class SearchRequest(PageRequest):
    """Words, pictures, pictures of the index, or any mix of them; with none of these, the index as it is, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "red bicycle", "size": 20},
                {"text": "heart", "not": ["broken"], "filters": ["set=lucide,mdi"], "facets": ["set"]},
                {"like": [{"id": "lucide/bell"}], "fusion": {"depth": 500}},
            ]
        }
    )

    text: str = Field(default="", max_length=MAX_TEXT, description="The words to search for.", examples=["red bicycle"])
    texts: list[WeightedText] = Field(default_factory=list, max_length=MAX_PARTS, description="More texts.")
    pictures: list[WeightedPicture] = Field(
        default_factory=list,
        max_length=MAX_PARTS,
        description="Picture files. Uploads that are not named here are searched for, too.",
    )
    like: list[WeightedId] = Field(
        default_factory=list, max_length=MAX_PARTS, description="Pictures of the index to search by; they are no hits."
    )
    unlike: list[WeightedId] = Field(
        default_factory=list, max_length=MAX_PARTS, description="Pictures of the index to move away from."
    )
    not_: list[Phrase] = Field(
        default_factory=list,
        alias="not",
        max_length=MAX_PARTS,
        description="Words to move away from; captions that have all words of one are left out of the caption clause.",
    )
    not_weight: Share = Field(default=0.5, description="How much of what is not wanted is subtracted from the vector.")
    text_weight: Share = Field(default=0.5, description="Share of the texts beside pictures in the query's vector.")
    kind: Kind | None = Field(default=None, description="By default hybrid where there are words, else vector.")
    match: Match | None = Field(default=None, description="Which of the words a caption must have.")
    exact: bool | None = Field(default=None, description="Match words as they are written, without stemming.")
    ocr_weight: Annotated[Share, Field(description="Share of words read in pictures beside the caption's.")] | None = (
        None
    )
    split: bool = Field(default=False, description="Make every text, picture and id a clause of its own.")
    fusion: FusionRequest | None = Field(default=None, description="How the clauses' scores become one.")
    explain: bool = Field(default=False, description="Add to each hit how its score adds up.")


class ExplainRequest(SearchRequest):
    """A search, and the hit of it whose score is explained."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "red bicycle", "id": "carbon/bicycle"}]})

    id: Id


class SimilarRequest(PageRequest):
    """A picture of the index, for what is near it. Needs no model: the index has its vector."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "lucide/bell", "size": 12}]})

    id: Id
    near: bool = Field(
        default=False,
        description="Of its 200 nearest only those that are the same file or look nearly the same: saved again, resized, a "
        "little brighter.",
    )


class FeedbackRequest(Strict):
    """What somebody did with a hit of a search that was logged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"search": "9f2c41b07d5e4c1c8a6f0d3b7e9a1c52", "id": "lucide/bell", "action": "click"}]
        }
    )

    search: SearchId
    id: Id
    action: Literal["click", "up", "down", "none"] = Field(
        description="It was opened or downloaded; it is right; it is wrong; or neither any more, which takes up and down back."
    )


class ClassifyRequest(Strict):
    """Labels, and pictures to choose one of them for: picture files, pictures of the index, or both."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"labels": ["a bell", "a bicycle"], "ids": ["lucide/bell"]}]}
    )

    labels: list[Phrase] = Field(min_length=2, max_length=MAX_ENCODED, description="Each once.")
    templates: list[Phrase] = Field(
        default_factory=lambda: ["a photo of {}"],
        min_length=1,
        max_length=16,
        description="Texts with {} where the label goes; a label's vectors are averaged over them.",
    )
    ids: list[Id] = Field(default_factory=list, max_length=MAX_ENCODED)
    pictures: list[SentPicture] = Field(default_factory=list, max_length=MAX_PARTS)


class HeatMapRequest(Strict):
    """Words, and the picture to find them in: one of the index, or a picture file."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "a wheel", "id": "carbon/bicycle"}]})

    text: Phrase
    id: Id | None = None
    pictures: list[SentPicture] = Field(default_factory=list, max_length=1)


class EncodeRequest(Strict):
    """Texts and pictures to be made vectors of."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"texts": ["red bicycle"]}]})

    index: str | None = Field(
        default=None, max_length=255, description="The index whose model is meant; by default the first."
    )
    fingerprint: str | None = Field(
        default=None, max_length=64, description="Refuse (409) unless this is the model, so that vectors never mix."
    )
    texts: list[Annotated[str, Field(max_length=4000)]] = Field(default_factory=list, max_length=MAX_ENCODED)
    pictures: list[SentPicture] = Field(default_factory=list, max_length=MAX_PARTS)


class NeuralRequest(Strict):
    """Words, a picture, or both, as a connector of ml-commons sends them; null or "null" stands for what is not there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputText": "red bicycle", "inputImage": None}]})

    inputText: str | None = Field(default=None, max_length=MAX_TEXT, description="The words.")
    inputImage: str | None = Field(default=None, description="A picture file's bytes in base64.")
    fingerprint: str | None = Field(
        default=None,
        max_length=64,
        description="Refuse (409) unless this is the index's model, so that vectors never mix.",
    )
