"""Ids that a query gives by their first digits, found whole in the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import opensearchpy
import orjson

from ..errors import InvalidOption
from ..index.ids import HASH, may_be_short, short_id
from ..index.version import Version
from ..query.query import Query
from ..server.failures import check_answers


def with_whole_ids(client: opensearchpy.OpenSearch, version: Version, query: Query) -> Query:
    """``query`` with the whole id for each that is the first digits of a hash. One request where there may be such; raises
    InvalidOption where several pictures, or none, have an id that begins so.
    """
    short = sorted({name for name in query.ids if may_be_short(name)})
    if not short:
        return query
    whole = whole_ids(client, version, short)
    return replace(
        query,
        like=tuple((whole.get(name, name), weight) for name, weight in query.like),
        unlike=tuple((whole.get(name, name), weight) for name, weight in query.unlike),
    )


def whole_ids(client: opensearchpy.OpenSearch, version: Version, names: Sequence[str]) -> dict[str, str]:
    """The id of each of ``names``: itself where a picture has that id, else the only hash that begins so. Raises InvalidOption
    where there is none, or more than one.
    """
    lines: list[dict[str, object]] = []
    for name in names:
        exact = {"constant_score": {"filter": {"term": {"image_id": name}}, "boost": 2}}
        begins = {"constant_score": {"filter": {"regexp": {"image_id": f"{name}[0-9a-f]{{{HASH - len(name)}}}"}}}}
        body = {"query": {"bool": {"should": [exact, begins]}}, "size": 3, "_source": False, "track_total_hits": False}
        lines += [{"allow_partial_search_results": False}, body]
    answers = client.msearch(index=version.index, body=b"\n".join(map(orjson.dumps, lines)) + b"\n")["responses"]
    check_answers(version.index, answers)
    return {
        name: _only(name, [str(row["_id"]) for row in answer["hits"]["hits"]], version.alias)
        for name, answer in zip(names, answers, strict=True)
    }


def _only(name: str, ids: Sequence[str], alias: str) -> str:
    if name in ids:
        return name
    if not ids:
        raise InvalidOption(
            f"no picture {name!r} in index {alias}, and none whose id begins so; clipseek search prints ids"
        )
    if len(ids) > 1:
        shown = ", ".join(short_id(one) for one in ids[:2])
        raise InvalidOption(
            f"several pictures in index {alias} have an id that begins with {name} ({shown} …); give more digits"
        )
    return ids[0]
