"""Logged searches of an index with what people did with their hits, read from the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import opensearchpy
from clipseek.opensearch.errors import IndexMissing, NotFound
from clipseek.opensearch.index.own_records import FEEDBACK, SEARCHES
from clipseek.opensearch.server.address import address
from clipseek.opensearch.server.pipelines import NO_PIPELINE
from opensearchpy.helpers import scan

_AT_ONCE = 2000


@dataclass(frozen=True)
class LoggedSearch:
    """A search by words alone. ``ranks``: id of each picture that it showed, on any page, to its rank from 1; ``by_relevance``:
    whether these follow the score. ``clicked``, ``up``, ``down``: ids with that feedback.
    """

    words: str
    ranks: Mapping[str, int]
    by_relevance: bool = True
    clicked: frozenset[str] = field(default=frozenset())
    up: frozenset[str] = field(default=frozenset())
    down: frozenset[str] = field(default=frozenset())


def read_searches(
    client: opensearchpy.OpenSearch,
    alias: str,
    *,
    since: datetime | None = None,
    searches: str = SEARCHES,
    feedback: str = FEEDBACK,
) -> list[LoggedSearch]:
    """The logged searches of ``alias`` by words alone, since then, in the order of their first pages.

    Searches with pictures or with unwanted words are left out: the words alone do not say what they were after. ``searches``,
    ``feedback``: names of the indexes.

    Raises IndexMissing where nothing was ever logged, and the errors of the tree.
    """
    mine: list[dict[str, Any]] = [{"term": {"index": alias}}]
    recent = [] if since is None else [{"range": {"at": {"gte": since.isoformat()}}}]
    by_words = [{"term": {"pictures": 0}}, {"term": {"unwanted": 0}}]
    found: dict[str, LoggedSearch] = {}
    fields = ["search", "words", "start", "shown", "sorted"]
    for record in _records(client, searches, [*mine, *recent, *by_words], fields):
        ranks = {document: rank for rank, document in enumerate(record["shown"], record["start"] + 1)}
        before = found.get(record["search"])
        joined = ranks if before is None else {**ranks, **before.ranks}
        found[record["search"]] = LoggedSearch(record["words"], joined, not record["sorted"])
    done: dict[str, dict[str, set[str]]] = {}
    for record in _records(client, feedback, mine, ["search", "document", "action"]):
        if record["search"] in found:
            actions = done.setdefault(record["search"], {"click": set(), "up": set(), "down": set()})
            actions[record["action"]].add(record["document"])
    return [
        replace(
            one,
            clicked=frozenset(actions.get("click", ())),
            up=frozenset(actions.get("up", ())),
            down=frozenset(actions.get("down", ())),
        )
        for name, one in found.items()
        for actions in [done.get(name, {})]
        if one.words.strip()
    ]


def _records(
    client: opensearchpy.OpenSearch, index: str, conditions: Sequence[Mapping[str, Any]], fields: list[str]
) -> Iterator[dict[str, Any]]:
    """Records that meet all conditions, oldest first."""
    query = {"query": {"bool": {"filter": list(conditions)}}, "sort": ["at"], "_source": fields, **NO_PIPELINE}
    try:
        for hit in scan(client, query, index=index, size=_AT_ONCE, preserve_order=True):
            yield hit["_source"]
    except NotFound:
        raise IndexMissing(
            f"no index {index} at {address(client)}: no search was logged there; start with: clipseek serve --log-searches DAYS"
        ) from None
