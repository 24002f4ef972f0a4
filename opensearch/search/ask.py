"""A plan's requests to one index, and the answer that they make."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import quote, urlencode

import opensearchpy
import orjson

from ..errors import RequestRefused, ServerError
from ..index.version import Version
from ..query.limits import MAX_REACH, SEARCH_PARAMETERS, VECTOR
from ..query.plan import Plan
from ..query.vectors import LoadStored
from ..server.capabilities import server_version
from .answer import Answer, notes_on
from .contributions import fused_scores, raw_scores, rescored
from .hits import read_hits
from .page_rows import Row, page_rows
from .second_requests import fetch_candidates, fetch_complete_candidates, with_documents
from .server_support import check_ranks

#: So long the number of pictures is taken for what it was, where a search needs nothing else beside its hits.
COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Ranking:
    """Ranked rows, best first: those of the page, or all candidates (``Plan.taken_whole``).

    scores: the raw scores of each clause's candidates, by id, best first; empty where they are not known.
    counted: the answer that has the number of pictures that match, and the facets.
    """

    rows: Sequence[Row]
    scores: Mapping[str, Mapping[str, float]]
    counted: Mapping[str, Any]
    milliseconds: int


class Asker:
    """Sends plans to one index. With ``shares``, also for each clause's candidates, from which shares are computed.

    load_stored: vectors of pictures in the index, by their ids.
    """

    def __init__(
        self, client: opensearchpy.OpenSearch, version: Version, load_stored: LoadStored, *, shares: bool
    ) -> None:
        self._client, self._version, self._load_stored, self._with_shares = client, version, load_stored, shares
        self._path = f"/{quote(version.index)}/_search?{urlencode(SEARCH_PARAMETERS)}"
        self._shards = 1  # until the first search tells
        self._counted = (0, -math.inf)  # pictures in the index, and when that was

    @cached_property
    def server_version(self) -> tuple[int, int]:
        """(major, minor)."""
        return server_version(self._client)

    def ask(self, plan: Plan) -> Answer:
        """The hits of the plan's page. Raises the errors of the tree; InvalidOption where the server ranks within each shard."""
        # 1. The ranking, and the raw scores of each clause's candidates.
        ranking = self._complete(plan) if plan.complete else self._in_one_request(plan)
        if len(plan.clauses) > 1 and self._shards > 1 and plan.fusion.technique == "rrf":
            check_ranks(self.server_version, self._version.alias, self._shards)
        # 2. The page's rows, and their documents.
        normal, added = fused_scores(plan, ranking.scores, ranking.rows)
        rows, reachable = page_rows(plan, rescored(plan, ranking.rows, added))
        if plan.in_two_steps:
            rows = with_documents(self._client, self._version.index, plan, rows)
        far = [row["_id"] for row in rows if VECTOR not in (row.get("matched_queries") or ())]
        vectors = self._load_stored(far) if plan.page.min_cosine is not None else {}
        # 3. What they mean.
        matched, documents = int(ranking.counted["hits"]["total"]["value"]), self._counted[0]
        return Answer(
            plan=plan,
            hits=read_hits(plan, rows, added, vectors),
            index=self._version.index,
            matched=matched,
            documents=documents,
            milliseconds=ranking.milliseconds,
            reachable=reachable or len(set().union(*normal.values())) or min(matched, MAX_REACH),
            facets={
                name: [
                    (str(value.get("key_as_string", value["key"])), int(value["doc_count"]))
                    for value in facet["buckets"]
                ]
                for name, facet in ranking.counted.get("aggregations", {}).items()
            },
            normal=normal,
            notes=notes_on(plan, self._version.calibration, documents),
        )

    def _in_one_request(self, plan: Plan) -> Ranking:
        """The server's ranking; the candidates and the number of pictures are requested at the same time."""
        scored = plan.clauses if len(plan.clauses) > 1 and self._with_shares else {}
        fetch = partial(
            fetch_candidates, self._client, self._version.index, scored, depth=plan.depth, copies=plan.copies
        )
        fresh = not scored and time.monotonic() - self._counted[1] < COUNT_SECONDS
        # A pool for each search: its thread ends with it, and searches of other threads wait for no one.
        with ThreadPoolExecutor(1) as pool:
            beside = None if fresh else pool.submit(fetch, shards=self._shards)
            answer = self._rank(plan)
        rows = self._rows(plan, answer)
        scores, documents = ({}, self._counted[0]) if beside is None else beside.result()
        if (shards := int(answer["_shards"]["total"])) != self._shards:  # the ranking came from other shards than they
            self._shards, (scores, documents), fresh = shards, fetch(shards=shards), False
        if not fresh:
            self._counted = (documents, time.monotonic())
        return Ranking(rows, scores, answer, int(answer["took"]))

    def _complete(self, plan: Plan) -> Ranking:
        """First the candidates of each clause, then the server's ranking of all of them by every clause."""
        candidates, documents, counted = fetch_complete_candidates(self._client, self._version.index, plan)
        self._counted = (documents, time.monotonic())
        if not (ids := list(dict.fromkeys(name for names in candidates for name in names))):
            return Ranking([], {}, counted, int(counted["took"]))
        answer = self._send(plan.complete_body(ids), plan)
        self._shards = int(answer["_shards"]["total"])
        rows = self._rows(plan, answer)
        return Ranking(rows, raw_scores(plan, rows), counted, int(counted["took"]) + int(answer["took"]))

    def _rank(self, plan: Plan) -> Any:
        body = plan.ranking_body if plan.in_two_steps else plan.search_body
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

    def _rows(self, plan: Plan, answer: Mapping[str, Any]) -> Sequence[Row]:
        rows = ranked_rows(answer["hits"]["hits"]) if plan.in_two_steps else answer["hits"]["hits"]
        if len({row["_id"] for row in rows}) < len(rows):
            raise ServerError(
                f"{self._version.index} answered a picture twice: its search pipeline did not run. Search with --vector or "
                "--caption, and look whether its plugin neural-search works"
            )
        return rows


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
