"""Ask an index: by words, by a picture, by both; and say of every hit why it is there."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import opensearchpy
import orjson
from numpy.typing import NDArray

from ..errors import RequestRefused, ServerError
from ..index import versions
from ..index.stored_vectors import stored_vectors
from ..index.version import Version
from ..protocols import AnyEncoder
from ..query.bodies import clauses, grouped_here, search_body, taken_whole
from ..query.clause_weights import CAPTION, VECTOR
from ..query.filters import parse_facets, parse_filters, without_ids
from ..query.limits import MAX_REACH, SEARCH_PARAMETERS
from ..query.order import ordered, parse_order, wanted_value
from ..query.query import Query
from ..query.server_support import check_fusion, check_ranks, newer_than_oldest
from ..query.vectors import query_vectors
from ..server.capabilities import server_version
from . import candidates
from .candidates import Candidates
from .fusion import normalized, parts
from .hits import Hit, read_hit, words_first
from .near_duplicates import first_of_each
from .score_terms import Term, terms
from .stored_pipelines import get_pipeline, usable
from .two_steps import named, ranking_body, with_documents

__all__ = ["Answer", "Hit", "Searcher"]

#: For so long a Searcher takes the number of pictures for what it was, where a search asks for nothing else beside its hits.
COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """The hits, best first.

    ``matched`` is how many documents any clause matched, of ``documents`` in the index (as of the last seconds): for a vector its
    nearest (``Query.nearest``). ``reachable`` is how many of them paging can show. ``facets``: of each field, its most frequent
    values with how many of the matched have them. ``milliseconds`` is the server's own time for the search. ``normal``: of a
    hybrid, each clause's candidates as the fusion sees them.
    """

    query: Query
    hits: list[Hit]
    index: str
    matched: int
    documents: int
    milliseconds: int
    reachable: int = 0
    facets: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    normal: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def terms(self, hit: Hit) -> list[Term]:
        """Each clause's part of the hit's score; none where they are not known (``Hit.shares``)."""
        return terms(self.query, hit, self.normal)


class Searcher:
    """Searches one index with one encoder; caption searches need none.

    With ``shares``, a hybrid asks for each clause's candidates as well, from which every hit's shares are computed; without,
    ``Hit.shares`` is empty. Raises ModelMismatch where the index was filled by another model.
    """

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        version: Version,
        encoder: AnyEncoder | None = None,
        *,
        shares: bool = True,
    ) -> None:
        if encoder is not None:
            version.check_model(encoder.fingerprint, encoder.dimension)
        self._client, self._version, self._encoder, self._with_shares = client, version, encoder, shares
        self._path = f"/{quote(version.index)}/_search?{urlencode(SEARCH_PARAMETERS)}"
        self._shards = 1
        self._counted = (0, -math.inf)  # pictures in the index, and when that was

    @classmethod
    def open(cls, client: opensearchpy.OpenSearch, alias: str, encoder: AnyEncoder | None = None) -> Searcher:
        """For the index behind ``alias``. Raises IndexMissing, ModelMismatch."""
        return cls(client, versions.current(client, alias), encoder)

    def vector(self, query: Query) -> NDArray[np.float32] | None:
        """The query's (D,) unit vector; None for a caption search, and one of several vector clauses. Raises InvalidOption for an
        unreadable picture, and for an id that is not in the index.
        """
        return self._vectors(query).get(VECTOR)

    def _vectors(self, query: Query) -> dict[str, NDArray[np.float32]]:
        """Each vector clause's."""
        if query.resolved_kind == "caption":
            return {}
        stored = stored_vectors(self._client, self._version, [name for name, _ in (*query.like, *query.unlike)])
        return query_vectors(query, self._encoder, stored)

    def search(self, query: Query) -> Answer:
        """The hits. Raises the errors of the tree.

        What a search needs besides its hits (each clause's candidates, the number of pictures) is asked at the same time.
        """
        filters = parse_filters(query.filters, self._version.fields)
        facets = parse_facets(query.facets, self._version.fields)
        order = None if query.sort is None else parse_order(query.sort, self._version.fields)
        if query.fused:
            query = self._fused(query)
        filters += without_ids([name for name, _ in (*query.like, *query.unlike)])
        vectors = self._vectors(query)
        found = clauses(query, vectors, filters)
        # Every request of this search, and of its other pages, sees the same copies of the shards: copies differ in the order of
        # hits that score the same.
        copies = f"{zlib.crc32(repr((query.words, filters, query.like)).encode()):08x}"
        shares = found if len(found) > 1 and self._with_shares else {}
        documents, when = self._counted
        fresh = not shares and time.monotonic() - when < COUNT_SECONDS
        body = search_body(query, found, facets, order)
        stepped = len(found) > 1 or query.group_near
        more = [wanted_value(order)] if order and taken_whole(query) else []
        # A pool for each search: its thread ends with it, and searches of other threads wait for no one.
        with ThreadPoolExecutor(1) as pool:
            beside: Future[Candidates] | None = None
            if not fresh:
                beside = pool.submit(self._ask, query, shares, copies)
            answer = self._first(query, ranking_body(body, query.group_near, more) if stepped else body, copies)
        rows = named(answer["hits"]["hits"]) if stepped else answer["hits"]["hits"]
        shards = int(answer["_shards"]["total"])
        if len({row["_id"] for row in rows}) < len(rows):
            raise ServerError(
                f"{self._version.index} answered a picture twice: its search pipeline did not run. Search with --vector or "
                "--caption, and look whether its plugin neural-search works"
            )
        if len(found) > 1 and shards > 1 and query.fusion == "rrf":
            check_ranks(self.server_version, self._version.alias, shards)
        reachable = None
        if taken_whole(query):
            whole = first_of_each(rows, query.group_near) if grouped_here(query) else rows
            reachable = len(whole)
            rows = (ordered(whole, order) if order else whole)[query.start : query.end]
        if stepped:
            rows = with_documents(
                self._client,
                self._version.index,
                body,
                rows,
                {"preference": copies, "allow_partial_search_results": "false"},
            )
        asked = beside.result() if beside else Candidates({}, documents)
        if shards != self._shards:
            self._shards = shards  # learned from the first search of this Searcher
            asked = self._ask(query, shares, copies)
        scores = asked.scores if shares or len(found) == 1 else None
        normal = {name: normalized(query.fusion, one) for name, one in asked.scores.items()} if shares else None
        hits = [read_hit(row, _added(query, found, normal, row), VECTOR) for row in rows]
        return Answer(
            query=query,
            hits=self._marked(query, vectors.get(VECTOR), hits if order else words_first(hits, CAPTION)),
            index=self._version.index,
            matched=int(answer["hits"]["total"]["value"]),
            documents=asked.documents,
            milliseconds=int(answer["took"]),
            reachable=reachable or _reachable(query, scores, int(answer["hits"]["total"]["value"])),
            facets={
                name: [
                    (str(bucket.get("key_as_string", bucket["key"])), int(bucket["doc_count"]))
                    for bucket in found["buckets"]
                ]
                for name, found in answer.get("aggregations", {}).items()
            },
            normal=normal or {},
        )

    def _marked(self, query: Query, vector: NDArray[np.float32] | None, hits: list[Hit]) -> list[Hit]:
        """The hits with whether they reach ``query.min_cosine``. Those that only the caption clause brought get their cosine from
        their stored vectors.
        """
        if query.min_cosine is None or vector is None:
            return hits
        stored = stored_vectors(self._client, self._version, [hit.id for hit in hits if hit.cosine is None])
        cosines = [float(vector @ stored[hit.id]) if hit.cosine is None else hit.cosine for hit in hits]
        return [
            replace(hit, cosine=cosine, relevant=cosine >= query.min_cosine)
            for hit, cosine in zip(hits, cosines, strict=True)
        ]

    def _first(self, query: Query, body: dict[str, Any], copies: str) -> Any:
        try:
            return self._send(body, copies)
        except RequestRefused as problem:
            if not query.start or "end of search result" not in str(problem):
                raise
            # Past the last hit, which a hybrid takes for an error: ask for the first one, and show none.
            body = {**body, "from": 0, "size": 1}
            answer = self._send(body, copies)
            answer["hits"]["hits"] = []
            return answer

    def _send(self, body: Mapping[str, Any], copies: str) -> Any:
        # As client.search, without the copying of all arguments that its decorator does.
        path = f"{self._path}&preference={copies}"
        return self._client.transport.perform_request("POST", path, body=orjson.dumps(body))

    def _fused(self, query: Query) -> Query:
        """The query with what its pipeline on the server does, checked against the server's version."""
        if query.pipeline is not None:
            chosen = self._version.search.get("pipeline") == query.pipeline
            named = get_pipeline(self._client, query.pipeline, default_of=self._version.alias if chosen else None)
            fusion, weights = usable(named, len(query.weights))
            query = replace(query, fusion=fusion, mean=named.mean, fixed_weights=weights)
        if newer_than_oldest(query.fusion, query.weights):
            check_fusion(self.server_version, query.fusion, query.weights)
        return query

    def _ask(self, query: Query, found: Mapping[str, dict[str, Any]], copies: str) -> Candidates:
        answer = candidates.ask(self._client, self._version.index, query, found, shards=self._shards, copies=copies)
        self._counted = (answer.documents, time.monotonic())
        return answer

    @cached_property
    def server_version(self) -> tuple[int, int]:
        """(major, minor)."""
        return server_version(self._client)


def _added(
    query: Query, found: Mapping[str, Any], normal: Mapping[str, Mapping[str, float]] | None, row: Mapping[str, Any]
) -> Mapping[str, float] | None:
    """What each clause added to the row's score; ``None`` where that is not known."""
    if len(found) == 1:
        return dict.fromkeys(found, float(row["_score"]))
    if normal is None:
        return None
    weights = dict(zip(normal, query.weights, strict=True))
    return parts(query.fusion, normal, weights, row["_id"], query.mean)


def _reachable(query: Query, scores: Mapping[str, Mapping[str, float]] | None, matched: int) -> int:
    """How many hits there are to page through: a hybrid has only its clauses' candidates."""
    if not query.fused or scores is None:
        return min(matched, MAX_REACH)
    return len({document for candidates in scores.values() for document in candidates})
