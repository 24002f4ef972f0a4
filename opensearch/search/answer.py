"""What a search brought, as a value; and how it is read from what the server answered. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..query.fusion import Fusion
from ..query.limits import CAPTION, VECTOR
from ..query.page import Page
from ..query.plan import Plan
from ..query.query import Query
from .ask import Answers, Row
from .contributions import contributions, normalized
from .hits import Hit, read_hit, words_first
from .score_terms import Term, terms


@dataclass(frozen=True)
class Answer:
    """The hits, best first.

    plan: what was sent; ``query``, ``fusion`` and ``page`` are its own, with the index's defaults in them.
    index: name of the index version.
    matched: pictures that any clause matched, for a vector its nearest, of ``documents`` in the index (as of the last seconds).
    reachable: how many of them paging can show.
    facets: of each field, its most frequent values with how many of the matched have them.
    milliseconds: the server's own time for the search.
    normal: of a hybrid, each clause's candidates as the fusion sees them, id to normalised score.
    notes: remarks for the person who searches.
    """

    plan: Plan
    hits: list[Hit]
    index: str
    matched: int
    documents: int
    milliseconds: int
    reachable: int = 0
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    normal: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def query(self) -> Query:
        return self.plan.query

    @property
    def fusion(self) -> Fusion:
        return self.plan.fusion

    @property
    def page(self) -> Page:
        return self.plan.page

    def terms(self, hit: Hit) -> list[Term]:
        """Each clause's part of the hit's score; none where they are not known (``Hit.shares``)."""
        return terms(self.plan, hit, self.normal)


def read_answer(plan: Plan, answers: Answers, index: str) -> Answer:
    """The hits of ``plan``'s page in what was answered. Raises ServerError for a score that is none."""
    normal = {name: normalized(plan.fusion.technique, scores) for name, scores in answers.scores.items()}
    hits = [read_hit(row, _added(plan, normal, row), VECTOR) for row in answers.rows]
    if plan.order is None:
        hits = words_first(hits, CAPTION)
    return Answer(
        plan=plan,
        hits=[_marked(plan, hit, answers.cosines) for hit in hits],
        index=index,
        matched=answers.matched,
        documents=answers.documents,
        milliseconds=answers.milliseconds,
        reachable=answers.reachable,
        facets={
            name: [(str(bucket.get("key_as_string", bucket["key"])), int(bucket["doc_count"])) for bucket in buckets]
            for name, buckets in answers.buckets.items()
        },
        normal=normal,
    )


def _added(plan: Plan, normal: Mapping[str, Mapping[str, float]], row: Row) -> Mapping[str, float] | None:
    """What each clause added to the row's score; ``None`` where that is not known."""
    if len(plan.clauses) == 1:
        return dict.fromkeys(plan.clauses, float(row["_score"]))
    if not normal:
        return None
    return contributions(plan.fusion.technique, normal, plan.weights, row["_id"], plan.fusion.mean)


def _marked(plan: Plan, hit: Hit, cosines: Mapping[str, float]) -> Hit:
    """The hit with whether it reaches the cut-off."""
    cut = plan.page.min_cosine
    if not isinstance(cut, (int, float)) or plan.vector is None:
        return hit
    cosine = cosines[hit.id] if hit.cosine is None else hit.cosine
    return replace(hit, cosine=cosine, relevant=cosine >= cut)
