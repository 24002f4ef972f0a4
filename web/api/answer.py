"""An answer as JSON: the hits, why each is there, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from clipseek.opensearch.query.fusion import Mean, Technique
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.browse import Listing
from clipseek.opensearch.search.contributions import Term
from clipseek.opensearch.search.hits import Hit
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from ..errors import in_fields
from .addresses import Addresses
from .part import PartAnswer

#: A hit of "red bicycle", searched by vector alone, as the description of the API shows it.
EXAMPLE: JsonDict = {
    "rank": 1,
    "id": "carbon/bicycle",
    "uri": "file:///pictures/carbon/bicycle.png",
    "score": 1.5032,
    "raw": {"vector": 1.5032},
    "shares": {"vector": 1.0},
    "cosine": 0.5032,
    "relevant": True,
    "caption": "Bicycle: transport, cycling, ride",
    "marks": [],
    "width": 128,
    "height": 128,
    "metadata": {"set": "carbon"},
    "picture": "/pictures/icons?id=carbon%2Fbicycle",
    "thumbnail": "/thumbnails/icons?id=carbon%2Fbicycle&size=320",
    "embed": "/thumbnails/icons?id=carbon%2Fbicycle&size=320&signature=5XmX0yQ",
    "terms": [
        {
            "clause": "vector",
            "raw": 1.5032,
            "cosine": 0.5032,
            "normalised": 1.5032,
            "weight": 1.0,
            "added": 1.5032,
            "share": 1.0,
        },
    ],
}


class ScoreTerm(BaseModel):
    """One clause's part of a hit's score."""

    clause: str
    raw: float | None = Field(description="The clause's own score; null where it did not find the picture.")
    cosine: float | None = Field(description="Of a vector clause, the similarity that the score means.")
    normalised: float = Field(description="What the fusion made of the score.")
    weight: float
    added: float = Field(description="What the clause adds to the hit's score.")
    share: float = Field(description="That as a part of the hit's score.")


class HitAnswer(BaseModel):
    """One picture, and why it is there."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    rank: int | None = Field(ge=1, description="Its place among all hits, from 1; null where it is no hit of a search.")
    id: str
    uri: str = Field(description="Where the picture was when it was indexed.")
    score: float | None = Field(description="What ranked it; null where nothing was searched for.")
    raw: dict[str, float] = Field(description="Each clause's own score of it: BM25, or 1 + cosine.")
    shares: dict[str, float] = Field(description="Each clause's part of the score, summing to 1.")
    cosine: float | None = Field(description="Cosine of its vector and the query's.")
    relevant: bool | None = Field(description="Whether its cosine reaches the cut-off; null without one.")
    caption: str
    marks: list[tuple[int, int]] = Field(
        description="Start and end of each matched word in the caption, in Unicode code points."
    )
    text: str = Field(default="", description="Words that were read in the picture; empty where none were.")
    text_marks: list[tuple[int, int]] = Field(
        default_factory=list, description="Marks of the matched words in the text."
    )
    text_only: bool = Field(
        default=False, description="Whether the words matched in the picture alone, not in the caption."
    )
    width: int | None = Field(description="Of the picture, in pixels.")
    height: int | None
    metadata: dict[str, Any]
    part: PartAnswer | None = Field(
        default=None, description="Which part of its file it is; null where it is all of it."
    )
    picture: str | None = Field(description="Address of the picture; null where pictures are not shown.")
    thumbnail: str | None = Field(description="Address of a small picture; null where pictures are not shown.")
    embed: str | None = Field(
        description="Signed address of it for pages of the origin that was named with --embed-from."
    )
    terms: list[ScoreTerm] | None = Field(description="How the score adds up; null where that was not asked for.")


class FacetValue(BaseModel):
    """How many of the matched pictures have this value."""

    value: str
    count: int


class FusionAnswer(BaseModel):
    """How the clauses' scores became one."""

    technique: Technique
    mean: Mean
    pipeline: str | None = Field(description="The stored search pipeline that fused instead.")
    weights: dict[str, float] = Field(description="Of each clause.")
    depth: int = Field(description="Candidates of each clause.")
    union: int | None = Field(
        description="Candidates of all clauses together; null where not every clause scored every one."
    )
    statistics: dict[str, dict[str, float]] = Field(
        description="Of a complete fusion, how many candidates each clause brought, and what normalised its scores."
    )


class Took(BaseModel):
    """Milliseconds: of the whole request, and of the search server's own work."""

    total_ms: float
    server_ms: float


class FacetsAnswer(BaseModel):
    """How often the matched pictures have each value of a field."""

    index: str = Field(description="Name of the index version.")
    documents: int = Field(description="Pictures in the index.")
    matched: int = Field(description="Pictures that any clause matched.")
    facets: dict[str, list[FacetValue]] = Field(description="Of each field, its 20 most frequent values.")


class SearchAnswer(FacetsAnswer):
    """The hits of a page, best first."""

    search: str | None = Field(
        description="Id of this search for feedback on its hits; null where it was not logged, and where nothing was searched for."
    )
    reachable: int = Field(description="How many of the matched paging can show.")
    start: int
    took: Took
    complete: bool = Field(description="Whether every clause scored every candidate.")
    kind: Literal["caption", "vector", "hybrid", "browse"] = Field(
        description="What was searched; browse where the query had nothing to search for."
    )
    fusion: FusionAnswer | None = Field(description="Null where there is one clause.")
    cutoff: float | None = Field(description="The cosine below which hits are marked as irrelevant.")
    notes: list[str] = Field(description="Remarks for the person who searches.")
    hits: list[HitAnswer]


def hit_answer(
    addresses: Addresses, hit: Hit, rank: int | None, *, scored: bool = True, terms: Sequence[Term] | None = None
) -> HitAnswer:
    """``scored``: whether the hit's score ranked it."""
    return HitAnswer(
        rank=rank,
        id=hit.id,
        uri=hit.uri,
        score=hit.score if scored else None,
        raw=dict(hit.raw),
        shares=dict(hit.shares),
        cosine=hit.cosine,
        relevant=hit.relevant,
        caption=hit.caption,
        marks=list(hit.marks),
        text=hit.text,
        text_marks=list(hit.text_marks),
        text_only=hit.text_only,
        width=hit.width,
        height=hit.height,
        metadata=dict(hit.metadata),
        part=PartAnswer(**hit.part) if hit.part else None,
        picture=addresses.picture(hit.id),
        thumbnail=addresses.thumbnail(hit.id),
        embed=addresses.embedded(hit.id),
        terms=None if terms is None else [score_term(term) for term in terms],
    )


def score_term(term: Term) -> ScoreTerm:
    return ScoreTerm(**{name: getattr(term, name) for name in ScoreTerm.model_fields})


def facet_answer(facets: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, list[FacetValue]]:
    return {name: [FacetValue(value=value, count=count) for value, count in values] for name, values in facets.items()}


def search_answer(
    addresses: Addresses, answer: Answer, seconds: float, *, explain: bool, search: str | None = None
) -> SearchAnswer:
    """``seconds``: how long the whole request took. ``explain``: whether hits say how their scores add up. ``search``: its id in
    the log.
    """
    start, cutoff, plan = answer.page.start, answer.page.min_cosine, answer.plan
    fusion = FusionAnswer(
        technique=answer.fusion.technique,
        mean=answer.fusion.mean,
        pipeline=answer.fusion.pipeline,
        weights=dict(plan.weights),
        depth=plan.depth,
        union=answer.union if plan.complete else None,
        statistics={name: dict(values) for name, values in answer.statistics.items()},
    )
    hits = [
        hit_answer(addresses, hit, rank, terms=answer.terms(hit) if explain else None)
        for rank, hit in enumerate(answer.hits, start + 1)
    ]
    return SearchAnswer(
        index=answer.index,
        documents=answer.documents,
        matched=answer.matched,
        facets=facet_answer(answer.facets),
        search=search,
        reachable=answer.reachable,
        start=start,
        took=_took(seconds, answer.milliseconds),
        complete=plan.complete,
        kind=answer.query.resolved_kind,
        fusion=fusion if len(plan.weights) > 1 else None,
        cutoff=float(cutoff) if isinstance(cutoff, (int, float)) else None,
        notes=[in_fields(note) for note in answer.notes],
        hits=hits,
    )


def browse_answer(addresses: Addresses, listing: Listing, start: int, seconds: float) -> SearchAnswer:
    """Of pictures that were not searched for; ``start``: how many are before them."""
    return SearchAnswer(
        index=listing.index,
        documents=listing.documents,
        matched=listing.matched,
        facets=facet_answer(listing.facets),
        search=None,
        reachable=listing.reachable,
        start=start,
        took=_took(seconds, listing.milliseconds),
        complete=False,
        kind="browse",
        fusion=None,
        cutoff=None,
        notes=[],
        hits=[hit_answer(addresses, hit, rank, scored=False) for rank, hit in enumerate(listing.hits, start + 1)],
    )


def _took(seconds: float, server: int) -> Took:
    return Took(total_ms=round(seconds * 1000, 1), server_ms=server)
