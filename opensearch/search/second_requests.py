"""What a search requests beside its ranking: each clause's candidates and the number of pictures, in one ``_msearch``; and the
documents of the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import opensearchpy
import orjson

from ..query.clauses import unnamed
from ..query.plan import Plan
from ..server.failures import check_answers
from ..server.pipelines import NO_PIPELINE
from .page_rows import Row

_ANSWERED = ("hits.hits._score", "hits.hits.fields", "hits.total.value", "aggregations", "error", "status")
_KEPT = ",".join(["took", *(f"responses.{part}" for part in _ANSWERED)])
_COUNT = {**NO_PIPELINE, "size": 0, "track_total_hits": True}


@dataclass(frozen=True)
class Candidates:
    """What the clauses of a complete search bring.

    ids: of each clause by its name, best first, those of all shards together.
    matched: pictures that each clause matches, in all shards.
    documents: pictures in the index.
    counted: the answer to ``Plan.matched_body``, where that was asked.
    milliseconds: the server's own time.
    """

    ids: Mapping[str, Sequence[str]]
    matched: Mapping[str, int]
    documents: int
    counted: Mapping[str, Any] | None
    milliseconds: int


def fetch_candidates(client: opensearchpy.OpenSearch, index: str, plan: Plan, *, counted: bool) -> Candidates:
    """``plan.depth`` candidates of each clause, in one ``_msearch``, and ``counted`` where asked. Raises the errors of the tree."""
    bodies = [{**candidates_body(clause, plan.depth), "track_total_hits": True} for clause in plan.clauses.values()]
    answers, took = _msearch(client, index, plan, [*bodies, _COUNT, *([plan.matched_body] if counted else [])])
    of_clauses = dict(zip(plan.clauses, answers, strict=False))
    return Candidates(
        {name: [row["fields"]["image_id"][0] for row in _rows(answer)] for name, answer in of_clauses.items()},
        {name: total(answer) for name, answer in of_clauses.items()},
        total(answers[len(bodies)]),
        answers[-1] if counted else None,
        took,
    )


def count_pictures(client: opensearchpy.OpenSearch, index: str, plan: Plan) -> int:
    """How many pictures are in the index."""
    return total(_msearch(client, index, plan, [_COUNT])[0][0])


def fetch_matched(client: opensearchpy.OpenSearch, index: str, plan: Plan) -> Mapping[str, Any]:
    """The answer to ``Plan.matched_body``."""
    answer: Mapping[str, Any] = _msearch(client, index, plan, [plan.matched_body])[0][0]
    return answer


def total(answer: Mapping[str, Any]) -> int:
    """How many documents a search matches."""
    return int(answer["hits"]["total"]["value"])


def _rows(answer: Mapping[str, Any]) -> Sequence[Row]:
    rows: Sequence[Row] = answer["hits"].get("hits", ())
    return rows


def _msearch(client: opensearchpy.OpenSearch, index: str, plan: Plan, bodies: Sequence[Any]) -> tuple[list[Any], int]:
    """The answers of several searches in the copies that ``plan`` is for, and the milliseconds that the server took. Raises the
    error of the first that failed.
    """
    lines = [
        line for body in bodies for line in ({"preference": plan.copies, "allow_partial_search_results": False}, body)
    ]
    body = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    answer = client.msearch(body=body, index=index, params={"filter_path": _KEPT})
    check_answers(index, answer["responses"])
    return answer["responses"], int(answer["took"])


def candidates_body(clause: dict[str, Any], depth: int) -> dict[str, Any]:
    """One clause alone, ids and scores only: in one shard, exactly the candidates that the hybrid normalises."""
    return {
        **NO_PIPELINE,
        "size": depth,
        "query": unnamed(clause),
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id"],
        "track_total_hits": False,
    }


def with_documents(client: opensearchpy.OpenSearch, index: str, plan: Plan, rows: Sequence[Row]) -> list[Row]:
    """The rows of a ranking with source and highlight; without those that were deleted meanwhile. One request, none for no rows."""
    if not rows:
        return []
    answer = client.search(
        index=index,
        body=orjson.dumps(plan.page_body([row["_id"] for row in rows])),
        params={"preference": plan.copies, "allow_partial_search_results": "false"},
    )
    shown = {row["_id"]: row for row in answer["hits"]["hits"]}
    return [
        {**row, **{name: shown[row["_id"]][name] for name in ("_source", "highlight") if name in shown[row["_id"]]}}
        for row in rows
        if row["_id"] in shown
    ]
