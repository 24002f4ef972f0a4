"""Ask an index: by words, by a picture, by both; and say of every hit why it is there."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import opensearchpy
import orjson
from numpy.typing import NDArray

from . import versions
from .client import refused
from .errors import InvalidOption, ServerError
from .filters import parse_filters
from .fusion import contributions
from .hits import Hit, read_hit
from .protocols import AnyEncoder
from .queries import CAPTION, SEARCH_PARAMETERS, VECTOR, Query, candidates_body, clauses, compose, search_body
from .versions import Version

__all__ = ["Answer", "Hit", "Searcher"]

# Before it, OpenSearch ranks for rrf within each shard.
_GLOBAL_RANKS = (3, 5)
_CANDIDATES_ONLY = "responses.hits.hits._score,responses.hits.hits.fields,responses.error,responses.status"


@dataclass(frozen=True)
class Answer:
    """The hits, best first.

    ``matched`` is how many documents any clause brought, of ``documents`` in the index; ``milliseconds`` the server's own time for
    the search.
    """

    query: Query
    hits: list[Hit]
    index: str
    matched: int
    documents: int
    milliseconds: int


class Searcher:
    """Searches one index with one encoder; caption searches need none.

    With ``shares``, a hybrid asks a second time, for each clause's candidates, from which every hit's shares are computed; without,
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
            versions.guard(version, encoder.fingerprint, encoder.dimension)
        self._client, self._version, self._encoder, self._with_shares = client, version, encoder, shares

    @classmethod
    def open(cls, client: opensearchpy.OpenSearch, alias: str, encoder: AnyEncoder | None = None) -> Searcher:
        """For the index behind ``alias``. Raises IndexMissing, ModelMismatch."""
        return cls(client, versions.current(client, alias), encoder)

    def vector(self, query: Query) -> NDArray[np.float32] | None:
        """The query's (D,) unit vector; None for a caption search. Raises InvalidOption for an unreadable picture."""
        if query.resolved_kind == "caption":
            return None
        if self._encoder is None:
            raise InvalidOption(
                f"a {query.resolved_kind} search needs a model; name its bundle, or search by caption alone"
            )
        text = self._encoder.encode_texts([query.words])[0] if query.words else None
        picture = None
        if query.picture is not None:
            try:
                loaded = self._encoder.load_picture(query.picture)
            except ValueError as problem:
                raise InvalidOption(f"the query picture cannot be used: {problem}") from None
            picture = self._encoder.encode_pictures([loaded])[0]
        return compose(text, picture, query.text_weight)

    @cached_property
    def documents(self) -> int:
        """Pictures in the index when first asked."""
        return int(self._client.count(index=self._version.index)["count"])

    def search(self, query: Query) -> Answer:
        """The hits. Raises the errors of the tree."""
        found = clauses(query, self.vector(query), parse_filters(query.filters, self._version.fields))
        # Both requests see the same copies of the shards: copies differ in the order of hits that score the same.
        copies = secrets.token_hex(4)
        answer = self._client.search(
            index=self._version.index,
            body=orjson.dumps(search_body(query, found)),
            params={**SEARCH_PARAMETERS, "preference": copies},
        )
        rows = answer["hits"]["hits"]
        shards = int(answer["_shards"]["total"])
        if len({row["_id"] for row in rows}) < len(rows):
            raise ServerError(
                f"{self._version.index} answered a picture twice: its search pipeline did not run. Search with --vector or "
                "--caption, and look whether its plugin neural-search works"
            )
        candidates: dict[str, dict[str, float]] | None = None
        if len(found) == 1:
            candidates = {}
        elif shards > 1 and query.fusion == "rrf" and (number := self._server_version) < _GLOBAL_RANKS:
            raise InvalidOption(
                f"rrf ranks within each shard before OpenSearch 3.5; this is {number[0]}.{number[1]} and "
                f"{self._version.alias} has {shards} shards: use --fusion min_max"
            )
        elif self._with_shares and rows:
            candidates = self._candidates(query, found, shards, copies)
        return Answer(
            query=query,
            hits=[read_hit(row, _added(query, found, candidates, row), VECTOR) for row in rows],
            index=self._version.index,
            matched=int(answer["hits"]["total"]["value"]),
            documents=self.documents,
            milliseconds=int(answer["took"]),
        )

    def _candidates(
        self, query: Query, found: Mapping[str, dict[str, Any]], shards: int, copies: str
    ) -> dict[str, dict[str, float]]:
        """Each clause's candidates, id to raw score, best first: those of every shard, as the fusion sees them."""
        places = self._places(copies) if shards > 1 else [copies]
        asked = [(name, place) for name in found for place in places]
        lines = [
            orjson.dumps(part)
            for name, place in asked
            for part in (
                {"preference": place, "allow_partial_search_results": False},
                candidates_body(query, found[name]),
            )
        ]
        body = b"\n".join(lines) + b"\n"
        answers = self._client.msearch(body=body, index=self._version.index, params={"filter_path": _CANDIDATES_ONLY})
        scores: dict[str, list[tuple[float, str]]] = {name: [] for name in found}
        for (name, _), answer in zip(asked, answers["responses"], strict=True):
            if error := answer.get("error"):
                cause = (error.get("root_cause") or [error])[0]
                raise refused(
                    self._version.index, answer["status"], str(cause.get("type")), str(cause.get("reason"))[:300]
                )
            for row in answer.get("hits", {}).get("hits", ()):
                scores[name].append((float(row["_score"]), row["fields"]["image_id"][0]))
        return {
            # A stable sort: hits that score the same stay in the server's order.
            name: {document: score for score, document in sorted(pairs, key=lambda pair: -pair[0])}
            for name, pairs in scores.items()
        }

    def _places(self, copies: str) -> list[str]:
        """One preference for each shard, with the copy that a search by the preference ``copies`` asks first."""
        shards = self._client.search_shards(index=self._version.index, params={"preference": copies})["shards"]
        return [f"_shards:{first['shard']}|_prefer_nodes:{first['node']}" for first, *_ in shards]

    @cached_property
    def _server_version(self) -> tuple[int, int]:
        number = str(self._client.info()["version"]["number"])
        match = re.match(r"(\d+)\.(\d+)", number)
        return (int(match[1]), int(match[2])) if match else (0, 0)


def _added(
    query: Query, found: Mapping[str, Any], candidates: Mapping[str, Mapping[str, float]] | None, row: Mapping[str, Any]
) -> Mapping[str, float] | None:
    """What each clause added to the row's score; ``None`` where that is not known."""
    if len(found) == 1:
        return dict.fromkeys(found, float(row["_score"]))
    if candidates is None:
        return None
    return contributions(query.fusion, candidates, dict(zip((CAPTION, VECTOR), query.weights, strict=True)), row["_id"])
