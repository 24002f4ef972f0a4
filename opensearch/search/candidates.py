"""The second request of a search: each clause's candidates and the number of pictures, all in one ``_msearch``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import opensearchpy
import orjson

from ..query.bodies import candidates_body
from ..query.query import Query
from ..server.failures import check_answers

_KEPT = (
    "responses.hits.hits._score,responses.hits.hits.fields,responses.hits.total.value,responses.error,responses.status"
)
_COUNT = {"size": 0, "track_total_hits": True}


@dataclass(frozen=True)
class Candidates:
    """``scores``: each clause's candidates, id to raw score, best first, those of every shard, as the fusion sees them.
    ``documents``: pictures in the index.
    """

    scores: Mapping[str, Mapping[str, float]]
    documents: int


def ask(
    client: opensearchpy.OpenSearch,
    index: str,
    query: Query,
    found: Mapping[str, dict[str, Any]],
    *,
    shards: int,
    copies: str,
) -> Candidates:
    """The candidates of the clauses ``found`` (none of them: only the count), from the shards' copies that a search by the
    preference ``copies`` asks. Raises the errors of the tree.
    """
    places = _places(client, index, copies) if shards > 1 and found else [copies]
    asked = [(name, place) for name in found for place in places]
    lines = [
        part
        for name, place in asked
        for part in ({"preference": place, "allow_partial_search_results": False}, candidates_body(query, found[name]))
    ]
    lines += [{"preference": copies, "allow_partial_search_results": False}, _COUNT]
    body = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    answers = client.msearch(body=body, index=index, params={"filter_path": _KEPT})["responses"]
    check_answers(index, answers)
    scores: dict[str, list[tuple[float, str]]] = {name: [] for name in found}
    for (name, _), answer in zip(asked, answers[:-1], strict=True):
        for row in answer.get("hits", {}).get("hits", ()):
            scores[name].append((float(row["_score"]), row["fields"]["image_id"][0]))
    return Candidates(
        # A stable sort: hits that score the same stay in the server's order.
        {
            name: {document: score for score, document in sorted(pairs, key=lambda pair: -pair[0])}
            for name, pairs in scores.items()
        },
        int(answers[-1]["hits"]["total"]["value"]),
    )


def _places(client: opensearchpy.OpenSearch, index: str, copies: str) -> list[str]:
    """One preference for each shard, with the copy that a search by the preference ``copies`` asks first."""
    shards = client.search_shards(index=index, params={"preference": copies})["shards"]
    return [f"_shards:{first['shard']}|_prefer_nodes:{first['node']}" for first, *_ in shards]
