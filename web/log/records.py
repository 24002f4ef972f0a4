"""What is kept of a search, and of what somebody did with a hit of it. Pure. Nothing of who searched, and no picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from clipseek.opensearch.query.limits import CAPTION
from clipseek.opensearch.search.answer import Answer

Origin = Literal["page", "api", "mcp"]
Action = Literal["click", "up", "down", "none"]
#: Characters of the words that are kept.
MAX_WORDS = 1000


@dataclass(frozen=True)
class Times:
    """Milliseconds of a search: ``encode`` waiting for vectors of the query, ``server`` the search server's own, ``total``."""

    encode: float
    server: float
    total: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(getattr(self, name), 2) for name in ("encode", "server", "total")}


@dataclass(frozen=True)
class Searched:
    """A logged search, as feedback on its hits needs it. ``ranks``: of the pictures that were shown, from 1."""

    id: str
    index: str
    words: str
    kind: str
    ranks: Mapping[str, int] = field(default_factory=dict)


def searched(name: str, index: str, answer: Answer) -> Searched:
    """``answer`` of the index ``index`` as the logged search ``name``."""
    start = answer.page.start
    ranks = {hit.id: rank for rank, hit in enumerate(answer.hits, start + 1)}
    return Searched(name, index, _words(answer), answer.query.resolved_kind, ranks)


def search_record(one: Searched, answer: Answer, origin: Origin, times: Times) -> dict[str, Any]:
    """A document of ``clipseek-searches`` (``mappings/searches.json``)."""
    query, page, hits, weights = answer.query, answer.page, answer.hits, answer.plan.weights
    first = page.start == 0
    judged = [hit.relevant for hit in hits if hit.relevant is not None]
    return {
        "at": _now(),
        "search": one.id,
        "index": one.index,
        "from": origin,
        "kind": one.kind,
        "words": one.words,
        "pictures": len(query.all_pictures) + len(query.ids),
        "unwanted": len(query.unwanted),
        "filters": len(query.filters) + len(query.any_filters),
        "sorted": page.sort is not None,
        "weight": 1 - weights[CAPTION] if CAPTION in weights and len(weights) > 1 else None,
        "page": page.start // page.size + 1,
        "start": page.start,
        "hits": len(hits),
        "shown": [hit.id for hit in hits],
        "total": answer.matched,
        "zero": first and not hits,
        "no_good_match": first and bool(judged) and not any(judged),
        "top_score": hits[0].score if first and hits and page.sort is None else None,
        "ms": times.as_dict(),
    }


def feedback_record(one: Searched, document: str, action: Action, weight: float) -> dict[str, Any]:
    """A document of ``clipseek-feedback`` (``mappings/feedback.json``)."""
    return {
        "at": _now(),
        "search": one.id,
        "index": one.index,
        "document": document,
        "action": action,
        "rank": one.ranks[document],
        "weight": weight,
        "kind": one.kind,
        "words": one.words,
    }


def _words(answer: Answer) -> str:
    return " ".join(text for text, _ in answer.query.all_texts)[:MAX_WORDS]


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
