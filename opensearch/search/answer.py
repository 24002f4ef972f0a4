"""What a search brought, as a value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..index.version import Version
from ..query.fusion import Fusion
from ..query.limits import CAPTION, MAX_REACH
from ..query.page import Page
from ..query.plan import Plan
from ..query.query import Query
from .contributions import Term, contributions, factors
from .hits import Hit, cosine
from .index_defaults import kept_before_complete


@dataclass(frozen=True)
class Answer:
    """The hits, best first.

    plan: what was sent; ``query``, ``fusion`` and ``page`` are its own, with the index's defaults in them.
    index: name of the index version.
    matched: pictures that any clause matched, for a vector its nearest, of ``documents`` in the index (as of the last seconds).
    reachable: how many of them paging can show; at most so many, where a hybrid is not complete.
    facets: of each field, its most frequent values with how many of the matched have them.
    milliseconds: the server's own time for the search.
    normal: of a hybrid, each clause's candidates as the fusion sees them, id to normalised score; empty where not all came.
    statistics: of a complete hybrid, by what each clause's scores were normalised (``contributions.statistics``), and the number
        of ``candidates`` that it brought.
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
    statistics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def union(self) -> int:
        """How many pictures are candidates of any clause, where all came."""
        return len(set().union(*self.normal.values()))

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
        """Each clause's part of the hit's score, in the order of the clauses; none where they are not known (``Hit.shares``)."""
        if not hit.shares:
            return []
        technique, mean, weights = self.fusion.technique, self.fusion.mean, self.plan.weights
        added = contributions(technique, self.normal, weights, hit.id, mean) or {name: hit.score for name in hit.shares}
        return [
            Term(
                clause=name,
                raw=hit.raw.get(name),
                cosine=None if name == CAPTION or name not in hit.raw else cosine(hit.raw[name]),
                # One clause alone is not normalised: its score is the hit's.
                normalised=self.normal[name].get(hit.id, 0.0) if self.normal else hit.score,
                weight=weight,
                added=added[name],
                share=hit.shares[name],
            )
            for name, weight in factors(technique, weights).items()
        ]


def notes_on(plan: Plan, version: Version, pictures: int) -> tuple[str, ...]:
    """What the person should know who searches the index ``version``, which has so many ``pictures``."""
    notes = list(plan.notes)
    if plan.query.cut:
        notes.append(f"the text is long; only its first {len(plan.query.words):,} characters are searched for")
    if plan.query.resolved_kind == "hybrid" and not plan.complete and kept_before_complete(version):
        pipeline = version.search.get("pipeline") if set(version.search) == {"pipeline"} else None
        again = f"pipelines default {pipeline}" if pipeline else "tune HELD-OUT"
        notes.append(
            "the index's default was chosen before every hit was scored by every clause, and goes on with --no-complete; choose it "
            f"again: clipseek {again} --index {version.alias}"
        )
    deepest = MAX_REACH // len(plan.clauses)
    if plan.complete and plan.depth == deepest and plan.fusion.depth != deepest:
        notes.append(
            f"each of the {len(plan.clauses)} clauses brings {deepest:,} candidates: OpenSearch takes {MAX_REACH:,} in all"
        )
    calibration = version.calibration
    cut, learnt = plan.page.min_cosine, int(calibration.get("pictures", 0))
    # A fifth more pictures have more chance hits than the cut-off was learnt with.
    if learnt and cut == calibration.get("cosine") and pictures > 1.2 * learnt:
        notes.append(
            f"the cut-off was learnt with {learnt:,} pictures: more of them have more chance hits; run "
            "clipseek calibrate again"
        )
    return tuple(notes)
