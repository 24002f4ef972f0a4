"""Ids that are hashes, as people see and type them: by their first digits, as git does."""

from __future__ import annotations

import re
from dataclasses import replace

import opensearchpy
import orjson

from ..errors import InvalidOption
from ..index.version import Version
from ..query.query import Query
from ..server.failures import check_answers
from ..server.pipelines import NO_PIPELINE

#: Digits of a hash, and those that are shown.
HASH, SHOWN = 64, 12
_DIGITS = re.compile(r"[0-9a-f]{4,64}")
_PART = re.compile(r"(?:tile|page|frame|slice)=[0-9,]{1,40}")


def short_id(name: str) -> str:
    """``name`` as tables show it: the first digits of a hash, with the part of its file; any other id whole."""
    digits, mark, part = name.partition(":")
    return f"{digits[:SHOWN]}{mark}{part}" if len(digits) == HASH and _DIGITS.fullmatch(digits) else name


def _is_short(name: str) -> bool:
    digits, mark, part = name.partition(":")
    return len(digits) < HASH and bool(_DIGITS.fullmatch(digits)) and (not mark or bool(_PART.fullmatch(part)))


def with_whole_ids(client: opensearchpy.OpenSearch, version: Version, query: Query) -> Query:
    """``query`` with the whole id for each of at least four digits that only one picture's hash begins with; an id that is there
    stays. One request where there may be such; raises InvalidOption where no picture, or more than one, has such an id.
    """
    short = sorted({name for name in query.ids if _is_short(name)})
    if not short:
        return query
    lines: list[dict[str, object]] = []
    for name in short:
        exact = {"constant_score": {"filter": {"term": {"image_id": name}}, "boost": 2}}
        digits, mark, part = name.partition(":")
        pattern = f"{digits}[0-9a-f]{{{HASH - len(digits)}}}{mark}{part}"
        begins = {"constant_score": {"filter": {"regexp": {"image_id": pattern}}}}
        wanted = {"bool": {"should": [exact, begins]}}
        body = {**NO_PIPELINE, "query": wanted, "size": 2, "_source": False, "track_total_hits": False}
        lines += [{"allow_partial_search_results": False}, body]
    answers = client.msearch(index=version.index, body=b"\n".join(map(orjson.dumps, lines)) + b"\n")["responses"]
    check_answers(version.index, answers)
    whole: dict[str, str] = {}
    for name, answer in zip(short, answers, strict=True):
        ids = [str(row["_id"]) for row in answer["hits"]["hits"]]
        if not ids:
            raise InvalidOption(
                f"no picture {name!r} in index {version.alias}, and none whose id begins so; clipseek search prints ids"
            )
        if len(ids) > 1 and name not in ids:
            raise InvalidOption(
                f"several pictures in index {version.alias} have an id that begins with {name} "
                f"({', '.join(map(short_id, ids))} …); give more digits"
            )
        whole[name] = name if name in ids else ids[0]
    return replace(
        query,
        like=tuple((whole.get(name, name), weight) for name, weight in query.like),
        unlike=tuple((whole.get(name, name), weight) for name, weight in query.unlike),
    )
