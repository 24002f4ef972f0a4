"""What the fake server knows of searching: words, vectors, filters, and hybrids of them; it refuses whatever else is in a body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]


class Unknown(Exception):
    """A part of a search that the fake server does not know."""


def search(body: Mapping[str, Any], documents: Mapping[str, Document]) -> dict[str, Any]:
    """The answer to a search: BM25 is the number of words found, fusion is min-max and the weighted arithmetic mean."""
    for name in ("sort", "aggs", "collapse"):
        if name in body:
            raise Unknown(name)
    query = body.get("query", {"match_all": {}})
    clauses = query["hybrid"]["queries"] if "hybrid" in query else [query]
    raw = [
        {key: score for key, document in documents.items() if (score := _score(clause, key, document)) is not None}
        for clause in clauses
    ]
    totals = _fused(body, raw) if "hybrid" in query else raw[0]
    start = int(body.get("from", 0))
    page = sorted(totals, key=lambda key: -totals[key])[start : start + int(body.get("size", 10))]
    named = {name: scores for clause, scores in zip(clauses, raw, strict=True) for name in _names(clause)}
    hits = [_hit(key, totals[key], {n: s[key] for n, s in named.items() if key in s}, body, documents) for key in page]
    shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    return {"took": 1, "timed_out": False, "_shards": shards, "hits": {"total": {"value": len(totals)}, "hits": hits}}


def _score(clause: Mapping[str, Any], key: str, document: Document) -> float | None:
    """How well a clause fits; None where it does not match."""
    ((kind, inner),) = clause.items()
    if kind == "match_all":
        return 1.0
    if kind == "ids":
        return 1.0 if key in inner["values"] else None
    if kind in ("term", "terms"):
        ((field, value),) = inner.items()
        wanted = value if isinstance(value, list) else [value["value"] if isinstance(value, Mapping) else value]
        return 1.0 if {str(item) for item in wanted} & {str(item) for item in _values(document, field)} else None
    if kind == "match":
        ((field, match),) = inner.items()
        there, words = _words(str(document.get(field.split(".")[0]) or "")), _words(match["query"])
        matched = sum(word in there for word in words)
        return float(matched) if matched >= (len(words) if match.get("operator") == "and" else 1) else None
    if kind == "knn":
        near = inner["image_vector"]
        cosine = sum(a * b for a, b in zip(near["vector"], document["image_vector"], strict=True))
        fits = "filter" not in near or _score(near["filter"], key, document) is not None
        return (1 + cosine if cosine >= 0 else 1 / (1 - cosine)) if fits else None
    if kind == "bool" and "should" not in inner:
        must = [_score(part, key, document) for part in inner.get("must", ())]
        needed = [*must, *(_score(part, key, document) for part in inner.get("filter", ()))]
        unwanted = [_score(part, key, document) for part in inner.get("must_not", ())]
        fits = None not in needed and not any(score is not None for score in unwanted)
        return sum(score or 0.0 for score in must) if fits else None
    raise Unknown(f"the query {kind}{' with should' if kind == 'bool' else ''}")


def _fused(body: Mapping[str, Any], raw: list[dict[str, float]]) -> dict[str, float]:
    try:
        ((_, processor),) = body["search_pipeline"]["phase_results_processors"][0].items()
        known = (processor["normalization"]["technique"], processor["combination"]["technique"])
        weights = processor["combination"]["parameters"]["weights"]
    except (KeyError, TypeError):
        raise Unknown("search_pipeline") from None
    if known != ("min_max", "arithmetic_mean"):
        raise Unknown(f"the fusion {' and '.join(known)}")
    totals: dict[str, float] = {}
    for weight, scores in zip(weights, raw, strict=True):
        low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
        for key, score in scores.items():
            share = max((score - low) / (high - low), 0.001) if high > low else 1.0
            totals[key] = totals.get(key, 0.0) + weight * share
    return totals


def _names(clause: Any) -> list[str]:
    """The ``_name`` of a clause or of what lies in it."""
    if isinstance(clause, list):
        return [name for part in clause for name in _names(part)]
    if not isinstance(clause, Mapping):
        return []
    return [clause["_name"]] if "_name" in clause else [name for part in clause.values() for name in _names(part)]


def _values(document: Document, field: str) -> list[Any]:
    value: Any = document
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else [] if value is None else [value]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _hit(
    key: str, score: float, named: Mapping[str, float], body: Mapping[str, Any], documents: Mapping[str, Document]
) -> dict[str, Any]:
    document, hit = documents[key], {"_id": key, "_score": score, "matched_queries": dict(named)}
    if fields := [field for field in body.get("docvalue_fields", ()) if isinstance(field, str)]:
        hit["fields"] = {field: values for field in fields if (values := _values(document, field))}
    if (source := body.get("_source", True)) is not False:
        left_out = source.get("excludes", ()) if isinstance(source, Mapping) else ()
        hit["_source"] = {name: value for name, value in document.items() if name not in left_out}
    return hit
