"""A plan's requests to one index, and the rows of hits that come back."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import opensearchpy
import orjson

from ..errors import RequestRefused, ServerError
from ..index.stored_vectors import stored_vectors
from ..index.version import Version
from ..query.limits import MAX_REACH, SEARCH_PARAMETERS, VECTOR
from ..query.order import ordered
from ..query.plan import Plan
from ..server.capabilities import server_version
from .candidates import Candidates, fetch_candidates
from .near_duplicates import first_of_each
from .server_support import check_fusion, check_ranks

Row = Mapping[str, Any]
#: So long the number of pictures is taken for what it was, where a search needs nothing else beside its hits.
COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Answers:
    """What came back.

    rows: the page's hits as the server writes them, best first, with their documents.
    matched: pictures that any clause matched; reachable: those that paging can show; documents: those in the index.
    milliseconds: the server's own time for the ranking.
    buckets: each facet's, as the server counted them.
    scores: of several clauses, each one's candidates, id to raw score; empty where they were not asked for.
    cosines: with the query's vector, of hits that the vector clause did not bring; for a cut-off alone.
    """

    rows: Sequence[Row]
    matched: int
    reachable: int
    documents: int
    milliseconds: int
    buckets: Mapping[str, Sequence[Mapping[str, Any]]]
    scores: Mapping[str, Mapping[str, float]]
    cosines: Mapping[str, float]


class Asker:
    """Sends plans to one index. With ``shares``, also for each clause's candidates, from which shares are computed."""

    def __init__(self, client: opensearchpy.OpenSearch, version: Version, *, shares: bool) -> None:
        self._client, self._version, self._with_shares = client, version, shares
        self._path = f"/{quote(version.index)}/_search?{urlencode(SEARCH_PARAMETERS)}"
        self._shards = 1  # until the first search tells
        self._counted = (0, -math.inf)  # pictures in the index, and when that was

    @cached_property
    def server_version(self) -> tuple[int, int]:
        """(major, minor)."""
        return server_version(self._client)

    def ask(self, plan: Plan) -> Answers:
        """The hits of the plan's page. What is needed beside them, the candidates and the number of pictures, is asked at the same
        time. Raises the errors of the tree; InvalidOption where the server is too old to fuse so.
        """
        if len(plan.clauses) > 1:
            check_fusion(lambda: self.server_version, plan.fusion.technique, tuple(plan.weights.values()))
        with_scores = len(plan.clauses) > 1 and self._with_shares
        documents, when = self._counted
        fresh = not with_scores and time.monotonic() - when < COUNT_SECONDS
        # A pool for each search: its thread ends with it, and searches of other threads wait for no one.
        with ThreadPoolExecutor(1) as pool:
            beside: Future[Candidates] | None = None
            if not fresh:
                beside = pool.submit(self._candidates, plan, with_scores)
            answer = self._ranking(plan)
        rows, reachable = self._page(plan, answer)
        candidates = Candidates({}, documents) if beside is None else beside.result()
        if (shards := int(answer["_shards"]["total"])) != self._shards:
            self._shards = shards
            candidates = self._candidates(plan, with_scores)
        matched = int(answer["hits"]["total"]["value"])
        if not reachable:
            every = {document for scores in candidates.scores.values() for document in scores}
            reachable = len(every) if with_scores else min(matched, MAX_REACH)
        return Answers(
            rows,
            matched,
            reachable,
            candidates.documents,
            int(answer["took"]),
            {name: facet["buckets"] for name, facet in answer.get("aggregations", {}).items()},
            candidates.scores,
            self._cosines(plan, rows),
        )

    def _candidates(self, plan: Plan, with_scores: bool) -> Candidates:
        candidates = fetch_candidates(
            self._client,
            self._version.index,
            plan.clauses if with_scores else {},
            depth=plan.depth,
            shards=self._shards,
            copies=plan.copies,
        )
        self._counted = (candidates.documents, time.monotonic())
        return candidates

    def _ranking(self, plan: Plan) -> Any:
        body = plan.ranking_body() if plan.in_two_steps else plan.search_body()
        try:
            return self._send(body, plan)
        except RequestRefused as problem:
            if not plan.page.start or "end of search result" not in str(problem):
                raise
            # Past the last hit, which a hybrid takes for an error: ask for the first one, and show none.
            answer = self._send({**body, "from": 0, "size": 1}, plan)
            answer["hits"]["hits"] = []
            return answer

    def _send(self, body: Mapping[str, Any], plan: Plan) -> Any:
        # As client.search, without the copying of all arguments that its decorator does.
        path = f"{self._path}&preference={plan.copies}"
        return self._client.transport.perform_request("POST", path, body=orjson.dumps(body))

    def _page(self, plan: Plan, answer: Mapping[str, Any]) -> tuple[Sequence[Row], int]:
        """The page's rows with their documents, and how many there are to page through where all have come, else 0."""
        rows: Sequence[Row] = answer["hits"]["hits"]
        if plan.in_two_steps:
            rows = ranked_rows(rows)
        if len({row["_id"] for row in rows}) < len(rows):
            raise ServerError(
                f"{self._version.index} answered a picture twice: its search pipeline did not run. Search with --vector or "
                "--caption, and look whether its plugin neural-search works"
            )
        shards = int(answer["_shards"]["total"])
        if len(plan.clauses) > 1 and shards > 1 and plan.fusion.technique == "rrf":
            check_ranks(self.server_version, self._version.alias, shards)
        reachable = 0
        if plan.taken_whole:
            whole = first_of_each(rows, plan.page.group_near) if plan.grouped_here else rows
            reachable = len(whole)
            rows = (ordered(whole, plan.order) if plan.order else whole)[plan.page.start : plan.page.end]
        return with_documents(self._client, self._version.index, plan, rows) if plan.in_two_steps else rows, reachable

    def _cosines(self, plan: Plan, rows: Sequence[Row]) -> dict[str, float]:
        if plan.page.min_cosine is None or plan.vector is None:
            return {}
        ids = [row["_id"] for row in rows if VECTOR not in (row.get("matched_queries") or ())]
        stored = stored_vectors(self._client, self._version, ids)
        return {name: float(plan.vector @ vector) for name, vector in stored.items()}


def ranked_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of a ranking without documents, with their ``_id`` where it always is, and ``content_hash`` and ``look`` in
    ``_source``.
    """
    named = []
    for row in rows:
        fields = row["fields"]
        source = {name: fields[name][0] for name in ("content_hash", "look") if name in fields}
        named.append({**row, "_id": fields["image_id"][0], "_source": source})
    return named


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
