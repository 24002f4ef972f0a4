"""An answer as JSON: the hits, why each is there, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from clipseek.opensearch.query.limits import Kind
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.contributions import Term
from clipseek.opensearch.search.hits import Hit
from pydantic import BaseModel, Field

#: Pixels of the longer edge of the thumbnail that a hit names.
THUMBNAIL = 320


class ScoreTerm(BaseModel):
    """One clause's part of a hit's score."""

    clause: str
    raw: float | None = Field(description="The clause's own score; null where it did not find the picture.")
    cosine: float | None
    normalised: float = Field(description="What the fusion made of it.")
    weight: float
    added: float = Field(description="What it adds to the score.")
    share: float = Field(description="That as a part of the score.")


class HitAnswer(BaseModel):
    """One picture that a search brought."""

    rank: int = Field(ge=1)
    id: str
    uri: str = Field(description="Where the picture was when it was indexed.")
    score: float | None = Field(description="What ranked it; null where nothing was searched for.")
    raw: dict[str, float] = Field(description="Each clause's own score.")
    shares: dict[str, float] = Field(description="Each clause's part of the score, summing to 1.")
    cosine: float | None
    relevant: bool | None = Field(description="Whether its cosine reaches the cut-off; null without one.")
    caption: str
    marks: list[tuple[int, int]] = Field(
        description="Start and end of each matched word in the caption, in Unicode code points."
    )
    width: int | None
    height: int | None
    metadata: dict[str, Any]
    picture: str = Field(description="Address of the picture.")
    thumbnail: str = Field(description="Address of a small picture.")
    terms: list[ScoreTerm] | None = Field(default=None, description="How the score adds up, where that was asked for.")


class FacetValue(BaseModel):
    """How many of the matched pictures have this value."""

    value: str
    count: int


class FusionAnswer(BaseModel):
    """How the clauses' scores became one."""

    technique: Literal["min_max", "l2", "z_score", "rrf"]
    mean: Literal["arithmetic", "geometric", "harmonic"]
    pipeline: str | None
    weights: dict[str, float] = Field(description="Of each clause.")
    depth: int = Field(description="Candidates of each clause.")


class Took(BaseModel):
    """Milliseconds: of the whole request, and of the search server's own work."""

    total_ms: float
    server_ms: float


class SearchAnswer(BaseModel):
    """The hits of a page, best first."""

    index: str = Field(description="Name of the index version.")
    documents: int = Field(description="Pictures in the index.")
    matched: int = Field(description="Pictures that any clause matched.")
    reachable: int = Field(description="How many of them paging can show.")
    start: int
    took: Took
    complete: bool = Field(description="Whether every clause scored every candidate.")
    kind: Literal["caption", "vector", "hybrid", "browse"]
    fusion: FusionAnswer | None = Field(description="Null where there is one clause.")
    cutoff: float | None = Field(description="The cosine below which hits are marked as irrelevant.")
    facets: dict[str, list[FacetValue]]
    notes: list[str] = Field(description="Remarks for the person who searches.")
    hits: list[HitAnswer]


def hit_answer(alias: str, hit: Hit, rank: int, terms: list[Term] | None = None) -> HitAnswer:
    named = urlencode({"id": hit.id})
    return HitAnswer(
        rank=rank,
        id=hit.id,
        uri=hit.uri,
        score=hit.score,
        raw=dict(hit.raw),
        shares=dict(hit.shares),
        cosine=hit.cosine,
        relevant=hit.relevant,
        caption=hit.caption,
        marks=list(hit.marks),
        width=hit.width,
        height=hit.height,
        metadata=dict(hit.metadata),
        picture=f"pictures/{alias}?{named}",
        thumbnail=f"thumbnails/{alias}?{named}&size={THUMBNAIL}",
        terms=None if terms is None else [score_term(term) for term in terms],
    )


def score_term(term: Term) -> ScoreTerm:
    return ScoreTerm(**{name: getattr(term, name) for name in ScoreTerm.model_fields})


def facet_answer(facets: Mapping[str, list[tuple[str, int]]]) -> dict[str, list[FacetValue]]:
    return {name: [FacetValue(value=value, count=count) for value, count in values] for name, values in facets.items()}


def search_answer(alias: str, answer: Answer, seconds: float, *, explain: bool = False) -> SearchAnswer:
    """``seconds``: how long the whole request took."""
    kind: Kind = answer.query.resolved_kind
    start, cutoff = answer.page.start, answer.page.min_cosine
    fused = len(answer.plan.weights) > 1
    return SearchAnswer(
        index=answer.index,
        documents=answer.documents,
        matched=answer.matched,
        reachable=answer.reachable,
        start=start,
        took=Took(total_ms=round(seconds * 1000, 1), server_ms=answer.milliseconds),
        complete=answer.plan.complete,
        kind=kind,
        fusion=FusionAnswer(
            technique=answer.fusion.technique,
            mean=answer.fusion.mean,
            pipeline=answer.fusion.pipeline,
            weights=dict(answer.plan.weights),
            depth=answer.plan.depth,
        )
        if fused
        else None,
        cutoff=float(cutoff) if isinstance(cutoff, (int, float)) else None,
        facets=facet_answer(answer.facets),
        notes=list(answer.notes),
        hits=[
            hit_answer(alias, hit, rank, answer.terms(hit) if explain else None)
            for rank, hit in enumerate(answer.hits, start + 1)
        ],
    )
