"""What a search brought, as a value; and how it is read from what the server answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..index.version import Version
from ..query.fusion import Fusion
from ..query.page import Page
from ..query.plan import Plan
from ..query.query import Query
from .ask import Answers
from .contributions import fused_scores
from .hits import Hit, read_hits
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


def read_answer(plan: Plan, answers: Answers, version: Version) -> Answer:
    """The hits of ``plan``'s page in what was answered. Raises ServerError for a score that is none."""
    notes = tuple(_notes(plan, version, answers.documents))
    normal, added = fused_scores(
        plan.fusion.technique,
        plan.fusion.mean,
        plan.weights,
        answers.scores,
        [row["_id"] for row in answers.rows] if answers.scores else (),
    )
    return Answer(
        plan=plan,
        hits=read_hits(plan, answers.rows, added, answers.vectors),
        index=version.index,
        matched=answers.matched,
        documents=answers.documents,
        milliseconds=answers.milliseconds,
        reachable=answers.reachable,
        facets={
            name: [(str(bucket.get("key_as_string", bucket["key"])), int(bucket["doc_count"])) for bucket in buckets]
            for name, buckets in answers.buckets.items()
        },
        normal=normal,
        notes=notes,
    )


def outgrown(calibration: Mapping[str, Any], pictures: int) -> bool:
    """Whether an index of ``pictures`` has a fifth more of them than its cut-off was learnt with: more pictures, more chance
    hits.
    """
    learnt = calibration.get("pictures")
    return isinstance(learnt, int) and pictures > 1.2 * learnt


def _notes(plan: Plan, version: Version, pictures: int) -> Iterator[str]:
    if plan.query.cut:
        yield f"the text is long; only its first {len(plan.query.words):,} characters are searched for"
    cut, calibration = plan.page.min_cosine, version.calibration
    if cut is not None and cut == calibration.get("cosine") and outgrown(calibration, pictures):
        yield (
            f"the cut-off was learnt with {calibration['pictures']:,} pictures: more of them have more chance hits; run "
            "clipseek calibrate again"
        )
