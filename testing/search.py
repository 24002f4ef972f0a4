"""What the fake server knows of searching: words, vectors, filters, and hybrids of them; it refuses whatever else is in a body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Documents = Mapping[str, Mapping[str, Any]]


class Unknown(Exception):
    """A part of a search that the fake server does not know."""


def search(body: Mapping[str, Any], documents: Documents) -> dict[str, Any]:
    """The answer to a search: BM25 is the number of words found, fusion is min-max and the weighted arithmetic mean."""
    for name in ("sort", "aggs", "collapse"):
        if name in body:
            raise Unknown(name)
    rows = _rows(body["query"], body, documents) if "query" in body else dict.fromkeys(documents, (1.0, {}))
    best = sorted(rows, key=lambda key: -rows[key][0])
    start = int(body.get("from", 0))
    page = best[start : start + int(body.get("size", 10))]
    return {
        "took": 1,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": len(rows)}, "hits": [_hit(key, rows[key], body, documents[key]) for key in page]},
    }


def _rows(
    query: Mapping[str, Any], body: Mapping[str, Any], documents: Documents
) -> dict[str, tuple[float, dict[str, float]]]:
    """Id to the score and each named clause's own."""
    if "hybrid" not in query:
        scored = {key: _score(query, key, document) for key, document in documents.items()}
        return {key: (sum(named.values()), named) for key, named in scored.items() if named is not None}
    clauses = [_rows(clause, body, documents) for clause in query["hybrid"]["queries"]]
    rows: dict[str, tuple[float, dict[str, float]]] = {}
    for weight, clause in zip(_weights(body, len(clauses)), clauses, strict=True):
        scores = [score for score, _ in clause.values()]
        for key, (score, named) in clause.items():
            low, high = min(scores), max(scores)
            share = max((score - low) / (high - low), 0.001) if high > low else 1.0
            total, others = rows.get(key, (0.0, {}))
            rows[key] = (total + weight * share, {**others, **named})
    return rows


def _weights(body: Mapping[str, Any], clauses: int) -> list[float]:
    try:
        ((_, processor),) = body["search_pipeline"]["phase_results_processors"][0].items()
        known = (processor["normalization"]["technique"], processor["combination"]["technique"])
        weights = list(processor["combination"]["parameters"]["weights"])
    except (KeyError, TypeError):
        raise Unknown("search_pipeline") from None
    if known != ("min_max", "arithmetic_mean"):
        raise Unknown(f"the fusion {' and '.join(known)}")
    return weights


def _score(clause: Mapping[str, Any], key: str, document: Mapping[str, Any]) -> dict[str, float] | None:
    """The scores of a clause by its name; None where it does not match."""
    ((kind, inner),) = clause.items()
    if kind == "match_all":
        return {"": 1.0}
    if kind == "ids":
        return {"": 1.0} if key in inner["values"] else None
    if kind in ("term", "terms"):
        ((field, value),) = inner.items()
        wanted = value if isinstance(value, list) else [value["value"] if isinstance(value, Mapping) else value]
        return {"": 1.0} if any(str(item) in map(str, _values(document, field)) for item in wanted) else None
    if kind == "match":
        ((field, match),) = inner.items()
        wanted, there = words(match["query"]), words(str(document.get(field.split(".")[0]) or ""))
        matched = sum(word in there for word in wanted)
        enough = len(wanted) if match.get("operator") == "and" else 1
        return {match.get("_name", ""): float(matched)} if matched >= enough > 0 else None
    if kind == "knn":
        near = inner["image_vector"]
        if any(
            _score(part, key, document) is None for part in near.get("filter", {}).get("bool", {}).get("filter", ())
        ):
            return None
        cosine = sum(a * b for a, b in zip(near["vector"], document["image_vector"], strict=True))
        return {near.get("_name", ""): 1 + cosine if cosine >= 0 else 1 / (1 - cosine)}
    if kind == "bool":
        return _bool(inner, key, document)
    raise Unknown(f"the query {kind}")


def _bool(inner: Mapping[str, Any], key: str, document: Mapping[str, Any]) -> dict[str, float] | None:
    must = [_score(part, key, document) for part in inner.get("must", ())]
    should = [_score(part, key, document) for part in inner.get("should", ())]
    needed = [*must, *(_score(part, key, document) for part in inner.get("filter", ()))]
    unwanted = [_score(part, key, document) for part in inner.get("must_not", ())]
    scores = [part for part in (*must, *should) if part is not None]
    if None in needed or any(part is not None for part in unwanted) or (should and not needed and not scores):
        return None
    total = sum(sum(part.values()) for part in scores) if scores else 1.0
    name = inner.get("_name") or next((name for part in scores for name in part if name), "")
    return {name: total}


def _values(document: Mapping[str, Any], field: str) -> list[Any]:
    value: Any = document
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else [] if value is None else [value]


def words(text: str) -> list[str]:
    """The words of a text in small letters: no stems, no synonyms."""
    return re.findall(r"\w+", text.lower())


def _hit(
    key: str, row: tuple[float, dict[str, float]], body: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, Any]:
    score, named = row
    hit: dict[str, Any] = {
        "_id": key,
        "_score": score,
        "matched_queries": {name: one for name, one in named.items() if name},
    }
    fields = [field for field in body.get("docvalue_fields", ()) if isinstance(field, str)]
    if fields:
        hit["fields"] = {field: values for field in fields if (values := _values(document, field))}
    shown = body.get("_source", True)
    if shown is not False:
        left_out = shown.get("excludes", ()) if isinstance(shown, Mapping) else ()
        hit["_source"] = {name: value for name, value in document.items() if name not in left_out}
    return hit
