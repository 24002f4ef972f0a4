"""A plan's requests to one index, and the answer that they make."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import opensearchpy
import orjson

from ..errors import RequestRefused, ServerError
from ..index.version import Version
from ..pipelines.server_support import check_ranks
from ..query.limits import CAPTION, MAX_REACH, SEARCH_PARAMETERS, VECTOR
from ..query.plan import Plan
from ..query.vectors import LoadStored
from ..server.capabilities import server_version
from ..values.zones import read_zone
from .answer import Answer, notes_on
from .contributions import added_scores, normal_scores, raw_scores, rescored, statistics
from .facets import read_facets
from .hits import read_hits
from .page_rows import Row, page_rows
from .second_requests import Candidates, count_pictures, fetch_candidates, fetch_matched, total, with_documents

#: So long the number of pictures is taken for what it was, where a search needs nothing else beside its hits.
COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Ranking:
    """Ranked rows, best first: those of the page, or all candidates (``whole``).

    matched: pictures that any clause matches.
    facets: the answer's ``aggregations``.
    brought: the candidates of each clause in a complete search.
    """

    rows: Sequence[Row]
    whole: bool
    matched: int
    facets: Mapping[str, Any]
    milliseconds: int
    brought: Mapping[str, int] = field(default_factory=dict)


class Asker:
    """Sends plans to one index. ``load_stored``: vectors of pictures in the index, by their ids."""

    def __init__(self, client: opensearchpy.OpenSearch, version: Version, load_stored: LoadStored) -> None:
        self._client, self._version, self._load_stored = client, version, load_stored
        self._path = f"/{quote(version.index)}/_search?{urlencode(SEARCH_PARAMETERS)}"
        self._counted = (0, -math.inf)  # pictures in the index, and when that was
        self._sharded = False  # until a complete hybrid tells

    @cached_property
    def server_version(self) -> tuple[int, int]:
        """(major, minor)."""
        return server_version(self._client)

    def ask(self, plan: Plan) -> Answer:
        """The hits of the plan's page. Raises the errors of the tree; InvalidOption where the server ranks within each shard."""
        # 1. The ranking.
        ranking = self._complete(plan) if plan.complete else self._in_one_request(plan)
        # 2. The page's rows, and their documents.
        scores = raw_scores(plan, ranking.rows) if ranking.whole and len(plan.clauses) > 1 else {}
        normal = normal_scores(plan, scores, ranking.rows)
        rows, there = page_rows(plan, rescored(plan, ranking.rows, normal))
        added = added_scores(plan, normal, rows)
        if plan.in_two_steps:
            rows = with_documents(self._client, self._version.index, plan, rows)
        far = [row["_id"] for row in rows if VECTOR not in (row.get("matched_queries") or ())]
        vectors = self._load_stored(far) if plan.page.min_cosine is not None else {}
        # 3. What they mean.
        documents = self._counted[0]
        return Answer(
            plan=plan,
            hits=read_hits(plan, rows, added, vectors),
            index=self._version.index,
            matched=ranking.matched,
            documents=documents,
            milliseconds=ranking.milliseconds,
            reachable=there if plan.taken_whole else _reachable(plan, ranking),
            facets=read_facets(ranking.facets, read_zone(plan.query.time_zone or self._version.time_zone)),
            normal=normal,
            statistics={
                name: {"candidates": number, **statistics(plan.fusion.technique, scores[name])}
                for name, number in ranking.brought.items()
            },
            notes=notes_on(plan, self._version, documents),
        )

    def _in_one_request(self, plan: Plan) -> Ranking:
        """The server's ranking; the number of pictures is requested at the same time, where that was not done lately."""
        fresh = time.monotonic() - self._counted[1] < COUNT_SECONDS
        # A pool for each search: its thread ends with it, and searches of other threads wait for no one.
        with ThreadPoolExecutor(1) as pool:
            count = None if fresh else pool.submit(count_pictures, self._client, self._version.index, plan)
            answer = self._rank(plan)
        if count is not None:
            self._counted = (count.result(), time.monotonic())
        self._check_ranks(plan, answer)
        rows = self._rows(plan, answer)
        matched = total(answer)
        whole = plan.taken_whole or (not plan.page.start and (len(rows) < plan.page.size or len(rows) == matched))
        return Ranking(rows, whole, matched, answer.get("aggregations", {}), int(answer["took"]))

    def _complete(self, plan: Plan) -> Ranking:
        """First the candidates of each clause, then the server's ranking of all of them by every clause."""
        # Of one shard the candidates tell what matches, where they are all of the nearest; each shard has nearest of its own.
        counted = self._sharded or plan.depth < plan.nearest or "aggs" in plan.ranked
        found = fetch_candidates(self._client, self._version.index, plan, counted=counted)
        self._counted = (found.documents, time.monotonic())
        brought = {name: len(ids) for name, ids in found.ids.items()}
        rows: Sequence[Row] = ()
        if ids := list(dict.fromkeys(name for ids in found.ids.values() for name in ids)):
            answer = self._send(plan.complete_body(ids), plan)
            self._check_ranks(plan, answer)
            rows = self._rows(plan, answer)
        milliseconds, answered = found.milliseconds + (int(answer["took"]) if ids else 0), found.counted
        if answered is None and any(found.matched[name] > brought[name] for name in plan.clauses if name != CAPTION):
            self._sharded, answered = True, fetch_matched(self._client, self._version.index, plan)
        matched = _matched(found, rows) if answered is None else total(answered)
        return Ranking(rows, True, matched, (answered or {}).get("aggregations", {}), milliseconds, brought)

    def _check_ranks(self, plan: Plan, answer: Mapping[str, Any]) -> None:
        if len(plan.clauses) > 1 and plan.fusion.technique == "rrf" and (shards := int(answer["_shards"]["total"])) > 1:
            check_ranks(self.server_version, self._version.alias, shards)

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
        if len(plan.clauses) == 1:  # not named in what was sent (``clauses.unnamed``)
            (name,) = plan.clauses
            rows = [{**row, "matched_queries": {name: row["_score"]}} for row in rows]
        if len({row["_id"] for row in rows}) < len(rows):
            raise ServerError(
                f"{self._version.index} answered a picture twice: its search pipeline did not run. Search with --vector or "
                "--caption, and look whether its plugin neural-search works"
            )
        return rows


def _matched(found: Candidates, rows: Sequence[Row]) -> int:
    """The captions that match, and the nearest whose captions do not."""
    return found.matched.get(CAPTION, 0) + sum(CAPTION not in (row.get("matched_queries") or ()) for row in rows)


def _reachable(plan: Plan, ranking: Ranking) -> int:
    """How many hits paging can show, where the server made the page; of a hybrid at most so many, but for its last page."""
    if len(plan.clauses) == 1:
        return min(ranking.matched, MAX_REACH)
    if 0 < len(ranking.rows) < plan.page.size:
        return plan.page.start + len(ranking.rows)
    return min(ranking.matched, len(plan.clauses) * plan.depth, MAX_REACH)


def ranked_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of a ranking without documents, with their ``_id`` where it always is, and ``content_hash``, ``look`` and ``part.of``
    in ``_source``.
    """
    named = []
    for row in rows:
        fields = row["fields"]
        source = {name: fields[name][0] for name in ("content_hash", "look", "part.of") if name in fields}
        named.append({**row, "_id": fields["image_id"][0], "_source": source})
    return named
