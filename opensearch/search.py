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

from . import candidates, versions
from .beside import Beside
from .candidates import Candidates
from .errors import InvalidOption, ServerError
from .filters import parse_filters
from .fusion import contributions
from .hits import Hit, read_hit
from .protocols import AnyEncoder
from .queries import CAPTION, SEARCH_PARAMETERS, VECTOR, Query, clauses, compose, search_body
from .versions import Version

__all__ = ["Answer", "Hit", "Searcher"]

# Before it, OpenSearch ranks for rrf within each shard.
_GLOBAL_RANKS = (3, 5)


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
            versions.guard(version, encoder.fingerprint, encoder.dimension)
        self._client, self._version, self._encoder, self._with_shares = client, version, encoder, shares
        self._shards = 1

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

    def search(self, query: Query) -> Answer:
        """The hits. Raises the errors of the tree.

        What a search needs besides its hits (each clause's candidates, the number of pictures) is asked at the same time.
        """
        found = clauses(query, self.vector(query), parse_filters(query.filters, self._version.fields))
        # Both requests see the same copies of the shards: copies differ in the order of hits that score the same.
        copies = secrets.token_hex(4)
        shares = found if len(found) > 1 and self._with_shares else {}

        def beside() -> Candidates:
            return self._ask(query, shares, copies)

        with Beside(beside) as second:
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
        if len(found) > 1 and shards > 1 and query.fusion == "rrf" and (number := self._server_version) < _GLOBAL_RANKS:
            raise InvalidOption(
                f"rrf ranks within each shard before OpenSearch 3.5; this is {number[0]}.{number[1]} and "
                f"{self._version.alias} has {shards} shards: use --fusion min_max"
            )
        asked = second.result()
        if shards != self._shards:
            self._shards = shards  # learned from the first search of this Searcher
            asked = self._ask(query, shares, copies)
        scores = asked.scores if shares or len(found) == 1 else None
        return Answer(
            query=query,
            hits=[read_hit(row, _added(query, found, scores, row), VECTOR) for row in rows],
            index=self._version.index,
            matched=int(answer["hits"]["total"]["value"]),
            documents=asked.documents,
            milliseconds=int(answer["took"]),
        )

    def _ask(self, query: Query, found: Mapping[str, dict[str, Any]], copies: str) -> Candidates:
        return candidates.ask(self._client, self._version.index, query, found, shards=self._shards, copies=copies)

    @cached_property
    def _server_version(self) -> tuple[int, int]:
        number = str(self._client.info()["version"]["number"])
        match = re.match(r"(\d+)\.(\d+)", number)
        return (int(match[1]), int(match[2])) if match else (0, 0)


def _added(
    query: Query, found: Mapping[str, Any], scores: Mapping[str, Mapping[str, float]] | None, row: Mapping[str, Any]
) -> Mapping[str, float] | None:
    """What each clause added to the row's score; ``None`` where that is not known."""
    if len(found) == 1:
        return dict.fromkeys(found, float(row["_score"]))
    if scores is None:
        return None
    return contributions(query.fusion, scores, dict(zip((CAPTION, VECTOR), query.weights, strict=True)), row["_id"])
