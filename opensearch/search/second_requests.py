"""What a search requests beside its ranking: each clause's candidates and the number of pictures, in one ``_msearch``; and the
documents of the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import opensearchpy
import orjson

from ..query.plan import Plan
from ..server.failures import check_answers
from .page_rows import Row

_KEPT = ",".join(
    f"responses.{part}"
    for part in ("took", "hits.hits._score", "hits.hits.fields", "hits.total.value", "aggregations", "error", "status")
)
_COUNT = {"size": 0, "track_total_hits": True}


def fetch_candidates(
    client: opensearchpy.OpenSearch,
    index: str,
    clauses: Mapping[str, dict[str, Any]],
    *,
    depth: int,
    shards: int,
    copies: str,
) -> tuple[dict[str, dict[str, float]], int]:
    """The ``depth`` candidates of each of the ``clauses``, id to raw score, best first, those of every shard, as the fusion sees
    them; and the number of pictures in the index. They come from the shards' copies that a search with the preference ``copies``
    goes to. Raises the errors of the tree.
    """
    places = _places(client, index, copies) if shards > 1 and clauses else [copies]
    searches = [(name, place, candidates_body(clause, depth)) for name, clause in clauses.items() for place in places]
    answers = _msearch(client, index, [*((place, body) for _, place, body in searches), (copies, _COUNT)])
    scores: dict[str, list[tuple[float, str]]] = {name: [] for name in clauses}
    for (name, _, _), answer in zip(searches, answers[:-1], strict=True):
        for row in answer.get("hits", {}).get("hits", ()):
            scores[name].append((float(row["_score"]), row["fields"]["image_id"][0]))
    # A stable sort: hits that score the same stay in the server's order.
    best_first = {
        name: {document: score for score, document in sorted(pairs, key=lambda pair: -pair[0])}
        for name, pairs in scores.items()
    }
    return best_first, int(answers[-1]["hits"]["total"]["value"])


def fetch_complete_candidates(
    client: opensearchpy.OpenSearch, index: str, plan: Plan
) -> tuple[list[list[str]], int, Mapping[str, Any]]:
    """The ids of each clause's ``plan.depth`` candidates, best first, those of all shards together; the number of pictures in the
    index; and the answer that counts what any clause matches. One ``_msearch``. Raises the errors of the tree.
    """
    bodies = [*(candidates_body(clause, plan.depth) for clause in plan.clauses.values()), plan.matched_body, _COUNT]
    *candidates, counted, every = _msearch(client, index, [(plan.copies, body) for body in bodies])
    ids = [[row["fields"]["image_id"][0] for row in answer.get("hits", {}).get("hits", ())] for answer in candidates]
    return ids, int(every["hits"]["total"]["value"]), counted


def _msearch(client: opensearchpy.OpenSearch, index: str, searches: Sequence[tuple[str, Any]]) -> list[Any]:
    """The answers of several searches, each (preference, body). Raises the error of the first that failed."""
    lines = [
        line
        for preference, body in searches
        for line in ({"preference": preference, "allow_partial_search_results": False}, body)
    ]
    body = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    answers: list[Any] = client.msearch(body=body, index=index, params={"filter_path": _KEPT})["responses"]
    check_answers(index, answers)
    return answers


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


def _places(client: opensearchpy.OpenSearch, index: str, copies: str) -> list[str]:
    """One preference for each shard, with the copy that a search with the preference ``copies`` goes to first."""
    shards = client.search_shards(index=index, params={"preference": copies})["shards"]
    return [f"_shards:{first['shard']}|_prefer_nodes:{first['node']}" for first, *_ in shards]
