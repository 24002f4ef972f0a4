"""What the fake server knows of searching: words, vectors, filters, and hybrids of them; it refuses whatever else is in a body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
_BY_ID = [{"image_id": "asc"}]


class Unknown(Exception):
    """A part of a search that the fake server does not know."""


def search(body: Mapping[str, Any], documents: Mapping[str, Document]) -> dict[str, Any]:
    """The answer to a search: BM25 is the number of words found, fusion is min-max and the weighted arithmetic mean."""
    for name in {"aggs", "collapse"} & body.keys():
        raise Unknown(name)
    if body.get("sort", ["_doc"]) not in (["_doc"], _BY_ID):
        raise Unknown("sort")
    query = body.get("query", {"match_all": {}})
    clauses = query["hybrid"]["queries"] if "hybrid" in query else [query]
    raw = [
        {key: score for key, document in documents.items() if (score := _score(clause, key, document)) is not None}
        for clause in clauses
    ]
    totals = _fused(body, raw) if "hybrid" in query else raw[0]
    start = int(body.get("from", 0))
    after = body.get("search_after", [""])[0]
    by_id = body.get("sort") == _BY_ID
    ordered = sorted(filter(after.__lt__, totals)) if by_id else sorted(totals, key=lambda key: -totals[key])
    page = ordered[start : start + int(body.get("size", 10))]
    names = [re.findall(r'"_name": "(.*?)"', json.dumps(clause)) for clause in clauses]
    hits = []
    for key in page:
        matched = {name: scores[key] for own, scores in zip(names, raw, strict=True) if key in scores for name in own}
        hit = {"_id": key, "_score": totals[key], "matched_queries": matched, **_shown(body, documents[key])}
        hits.append({**hit, "sort": [key]} if "sort" in body else hit)
    shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    return {"took": 1, "timed_out": False, "_shards": shards, "hits": {"total": {"value": len(totals)}, "hits": hits}}


def _score(clause: Mapping[str, Any], key: str, document: Document) -> float | None:
    """How well a clause fits; None where it does not match."""
    fits, score = True, 1.0
    match clause:
        case {"match_all": _}:
            pass
        case {"ids": {"values": values}}:
            fits = key in values
        case {"term": fields} | {"terms": fields}:
            ((field, wanted),) = fields.items()
            wanted = wanted["value"] if isinstance(wanted, Mapping) else wanted
            wanted = wanted if isinstance(wanted, list) else [wanted]
            fits = bool({str(item) for item in wanted} & {str(item) for item in _values(document, field)})
        case {"exists": {"field": field}}:
            fits = bool(_values(document, field))
        case {"match": fields}:
            ((field, terms),) = fields.items()
            there, words = (_words(text) for text in (str(document.get(field.split(".")[0]) or ""), terms["query"]))
            score = float(sum(word in there for word in words))
            fits = score >= (len(words) if terms.get("operator") == "and" else 1)
        case {"knn": {"image_vector": near}}:
            cosine = sum(a * b for a, b in zip(near["vector"], document["image_vector"], strict=True))
            fits = "filter" not in near or _score(near["filter"], key, document) is not None
            score = 1 + cosine if cosine >= 0 else 1 / (1 - cosine)
        case {"script_score": {"query": over, "script": {"source": "knn_score", "params": near}}}:
            cosine = sum(a * b for a, b in zip(near["query_value"], document["image_vector"], strict=True))
            fits = _score(over, key, document) is not None
            score = 1 + cosine if cosine >= 0 else 1 / (1 - cosine)
        case {"bool": {"should": either, **more}} if not more:
            parts = [part for clause in either if (part := _score(clause, key, document)) is not None]
            fits, score = bool(parts), sum(parts)
        case {"bool": inner} if "should" not in inner:
            must, needed, unwanted = (
                [_score(part, key, document) for part in _listed(inner.get(name, ()))]
                for name in ("must", "filter", "must_not")
            )
            fits = None not in must + needed and not any(part is not None for part in unwanted)
            score = sum(part or 0.0 for part in must)
        case _:
            raise Unknown(f"the query {' '.join(clause)}")
    return score if fits else None


def _fused(body: Mapping[str, Any], raw: list[dict[str, float]]) -> dict[str, float]:
    match body.get("search_pipeline"):
        case {"phase_results_processors": [{"normalization-processor": processor}]}:
            known = (processor["normalization"]["technique"], processor["combination"]["technique"])
        case _:
            raise Unknown("search_pipeline")
    if known != ("min_max", "arithmetic_mean"):
        raise Unknown(f"the fusion {' and '.join(known)}")
    totals: dict[str, float] = {}
    for weight, scores in zip(processor["combination"]["parameters"]["weights"], raw, strict=True):
        low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
        for key, score in scores.items():
            share = max((score - low) / (high - low), 0.001) if high > low else 1.0
            totals[key] = totals.get(key, 0.0) + weight * share
    return totals


def _values(document: Document, field: str) -> list[Any]:
    value: Any = document
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else [] if value is None else [value]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _shown(body: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """What a hit shows of its document: the fields that the body names, and the source without what it leaves out."""
    fields = {field: values for field in body.get("docvalue_fields", ()) if (values := _values(document, field))}
    if (source := body.get("_source", {})) is False:
        return {"fields": fields}
    return {"fields": fields, "_source": {n: v for n, v in document.items() if n not in source.get("excludes", ())}}
