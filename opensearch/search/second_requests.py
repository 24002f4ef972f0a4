"""What a search requests beside its ranking: each clause's candidates and the number of pictures, in one ``_msearch``; and the
documents of the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import opensearchpy
import orjson

from ..query.plan import Plan
from ..server.failures import check_answers
from .page_rows import Row

_ANSWERED = ("hits.hits._score", "hits.hits.fields", "hits.total.value", "aggregations", "error", "status")
_KEPT = ",".join(["took", *(f"responses.{part}" for part in _ANSWERED)])
#: How many pictures are in an index, as one of several searches.
COUNT = {"size": 0, "track_total_hits": True}


@dataclass(frozen=True)
class Candidates:
    """``scores``: of each clause by its name, id to raw score, best first. ``beside``: answers to the other searches.
    ``milliseconds``: the server's own time for all.
    """

    scores: Mapping[str, Mapping[str, float]]
    beside: Sequence[Any]
    milliseconds: int


def fetch_candidates(
    client: opensearchpy.OpenSearch,
    index: str,
    clauses: Mapping[str, dict[str, Any]],
    *,
    depth: int,
    copies: str,
    beside: Sequence[dict[str, Any]] = (),
) -> Candidates:
    """The ``depth`` candidates of each of the ``clauses``, of all shards together, and the answers to the searches ``beside``. One
    ``_msearch`` to the shards' copies that a search with the preference ``copies`` goes to. Raises the errors of the tree.
    """
    bodies = [*(candidates_body(clause, depth) for clause in clauses.values()), *beside]
    answers, took = _msearch(client, index, copies, bodies)
    scores = {
        name: {row["fields"]["image_id"][0]: float(row["_score"]) for row in answer.get("hits", {}).get("hits", ())}
        for name, answer in zip(clauses, answers, strict=False)
    }
    return Candidates(scores, answers[len(clauses) :], took)


def count_pictures(client: opensearchpy.OpenSearch, index: str, copies: str) -> int:
    """How many pictures are in the index."""
    (answer,), _ = _msearch(client, index, copies, [COUNT])
    return pictures(answer)


def pictures(answer: Mapping[str, Any]) -> int:
    """Of the answer to ``COUNT``."""
    return int(answer["hits"]["total"]["value"])


def _msearch(client: opensearchpy.OpenSearch, index: str, copies: str, bodies: Sequence[Any]) -> tuple[list[Any], int]:
    """The answers of several searches with the preference ``copies``, and the milliseconds that the server took. Raises the error
    of the first that failed.
    """
    lines = [line for body in bodies for line in ({"preference": copies, "allow_partial_search_results": False}, body)]
    body = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    answer = client.msearch(body=body, index=index, params={"filter_path": _KEPT})
    check_answers(index, answer["responses"])
    return answer["responses"], int(answer["took"])


def candidates_body(clause: dict[str, Any], depth: int) -> dict[str, Any]:
    """One clause alone, ids and scores only: in one shard, exactly the candidates that the hybrid normalises."""
    return {
        "size": depth,
        "query": clause,
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
