"""Ask an index: by words, by a picture, by both; and say of every hit why it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from .protocols import AnyEncoder
from .queries import CAPTION, VECTOR, Query, candidates_body, clauses, compose, search_body
from .versions import Version


@dataclass(frozen=True)
class Hit:
    """One picture found.

    ``score`` is what ranked it. ``raw`` holds each clause's own score where the clause has the picture among its candidates (BM25;
    1 + cosine), ``shares`` each clause's part of ``score``, summing to 1. ``cosine`` is the vectors' own similarity.
    ``highlight`` is the caption with ``<em>`` around matched words (not HTML-escaped).
    """

    id: str
    uri: str
    caption: str
    score: float
    raw: Mapping[str, float]
    shares: Mapping[str, float]
    cosine: float | None
    highlight: str | None
    width: int | None
    height: int | None
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """The hits, best first; ``milliseconds`` is the server's own time, ``matched`` how many documents any clause brought."""

    query: Query
    hits: list[Hit]
    index: str
    matched: int
    documents: int
    milliseconds: int


class Searcher:
    """Searches one index with one encoder. Raises ModelMismatch where the index was filled by another model."""

    def __init__(self, client: opensearchpy.OpenSearch, version: Version, encoder: AnyEncoder) -> None:
        versions.guard(version, encoder.fingerprint, encoder.dimension)
        self._client, self._version, self._encoder = client, version, encoder

    @classmethod
    def open(cls, client: opensearchpy.OpenSearch, alias: str, encoder: AnyEncoder) -> Searcher:
        """For the index behind ``alias``. Raises IndexMissing, ModelMismatch."""
        return cls(client, versions.current(client, alias), encoder)

    def vector(self, query: Query) -> NDArray[np.float32] | None:
        """The query's (D,) unit vector; None for a caption search. Raises InvalidOption for an unreadable picture."""
        if query.resolved_kind == "caption":
            return None
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
        """One round trip: the search, and each clause's candidates beside it, from which the shares are computed."""
        filters = parse_filters(query.filters, self._version.fields)
        found = clauses(query, self.vector(query), filters)
        bodies = [search_body(query, found)]
        if len(found) > 1:
            bodies += [candidates_body(query, clause) for clause in found.values()]
        bodies.append({"size": 0, "track_total_hits": True, "query": {"match_all": {}}})
        lines = [orjson.dumps(part) for body in bodies for part in ({}, body)]
        answers = self._client.msearch(body=b"\n".join(lines) + b"\n", index=self._version.index)["responses"]
        for answer in answers:
            if "error" in answer:
                error = answer["error"]
                root = (error.get("root_cause") or [error])[0]
                raise refused(
                    self._version.index, answer["status"], str(root.get("type")), str(root.get("reason"))[:300]
                )
        main, *rest = answers
        candidates = {
            name: {hit["fields"]["image_id"][0]: float(hit["_score"]) for hit in answer["hits"]["hits"]}
            for name, answer in zip(found, rest[:-1], strict=False)
        }
        if not candidates:
            (name,) = found
            candidates = {name: {hit["_source"]["image_id"]: float(hit["_score"]) for hit in main["hits"]["hits"]}}
        hits = [self._hit(row, query, candidates) for row in main["hits"]["hits"]]
        return Answer(
            query=query,
            hits=hits,
            index=self._version.index,
            matched=int(main["hits"]["total"]["value"]),
            documents=int(rest[-1]["hits"]["total"]["value"]),
            milliseconds=int(main["took"]),
        )

    def _hit(self, row: dict[str, Any], query: Query, candidates: Mapping[str, Mapping[str, float]]) -> Hit:
        source, score = row["_source"], float(row["_score"])
        document = source["image_id"]
        if score < 0:
            # What OpenSearch answers to a hybrid whose pipeline did not run.
            raise ServerError(
                f"{self._version.index} answered the score {score:g}; its search pipeline did not run: update the server"
            )
        raw = {name: scores[document] for name, scores in candidates.items() if document in scores}
        if query.resolved_kind == "hybrid":
            added = contributions(
                query.fusion, candidates, dict(zip((CAPTION, VECTOR), query.weights, strict=True)), document
            )
            total = sum(added.values())
            shares = {name: value / total for name, value in added.items()} if total else dict.fromkeys(added, 0.0)
        else:
            shares = dict.fromkeys(raw, 1.0)
        near = raw.get(VECTOR)
        return Hit(
            id=document,
            uri=source["image_uri"],
            caption=source.get("caption") or "",
            score=score,
            raw=raw,
            shares=shares,
            # On unit vectors the engine's score is 1 + cosine, and 1 / (1 - cosine) below zero.
            cosine=None if near is None else (near - 1 if near >= 1 else 1 - 1 / near),
            highlight=(row.get("highlight", {}).get("caption") or [None])[0],
            width=source.get("width"),
            height=source.get("height"),
            metadata={name: value for name, value in (source.get("metadata") or {}).items() if value is not None},
        )
