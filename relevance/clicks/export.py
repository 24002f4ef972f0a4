"""Judgments and pairs of clicks as files: for ``index evaluate`` and ``tune``, and for the next training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import opensearchpy
from clipseek.evaluation.trec import write_qrels
from clipseek.files.text import visible
from clipseek.files.whole import write_whole
from clipseek.opensearch.index.image_uri import image_place
from clipseek.opensearch.index.version import Version

from .judging import JudgedQuery

QUERIES, QRELS, POSITIVES, NEGATIVES = "queries.tsv", "judgments.qrels", "positives.jsonl", "negatives.jsonl"
_AT_ONCE = 500


@dataclass(frozen=True)
class Exported:
    """What was written: queries with a right picture, right pictures, pairs and hard negatives of them. ``gone``: judged pictures
    that the index no longer has; ``in_archives``: those whose bytes lie in an archive, which a manifest cannot name.
    """

    queries: int
    right: int
    pairs: int
    negatives: int
    gone: int
    in_archives: int


def export(client: opensearchpy.OpenSearch, version: Version, judged: Sequence[JudgedQuery], folder: Path) -> Exported:
    """Write the four files into ``folder``, each in place of the one before.

    ``queries.tsv``: query id, tab, words. ``judgments.qrels``: TREC judgments, hard negatives with grade 0. ``positives.jsonl``: a
    manifest of right pictures with the words as caption. ``negatives.jsonl``: the same keys, with ``why`` and ``count``. Raises
    OSError, and the errors of the tree.
    """
    names = {name for query in judged for name in (*query.right, *query.negatives)}
    uris = stored_uris(client, version, sorted(names))
    kept = [_without(query, uris) for query in judged]
    with_right = [query for query in kept if query.right]
    places = {name: image_place(uri) for name, uri in uris.items()}
    files = {name: str(place.file) for name, place in places.items() if place is not None and place.size is None}
    pairs = [row for query in kept for row in _rows(query, query.right, files, _of_right)]
    negatives = [row for query in kept for row in _rows(query, query.negatives, files, _of_negative)]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / QUERIES, (f"{query.name}\t{visible(query.words, one_line=True)}" for query in with_right))
    write_qrels(folder / QRELS, [(query.name, _grades(query)) for query in kept])
    _write(folder / POSITIVES, map(_line, pairs))
    _write(folder / NEGATIVES, map(_line, negatives))
    return Exported(
        queries=len(with_right),
        right=sum(len(query.right) for query in kept),
        pairs=len(pairs),
        negatives=len(negatives),
        gone=len(names - uris.keys()),
        in_archives=len(uris.keys() - files.keys()),
    )


def stored_uris(client: opensearchpy.OpenSearch, version: Version, ids: Sequence[str]) -> dict[str, str]:
    """Id to where its file is, of those that the index has."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        body = {"ids": list(ids[start : start + _AT_ONCE])}
        answer = client.mget(index=version.index, body=body, params={"_source_includes": "image_uri"})
        found.update((one["_id"], one["_source"].get("image_uri", "")) for one in answer["docs"] if one.get("found"))
    return found


def _without(query: JudgedQuery, stored: Mapping[str, str]) -> JudgedQuery:
    """The query with only the pictures that the index has."""
    right = {name: one for name, one in query.right.items() if name in stored}
    negatives = {name: one for name, one in query.negatives.items() if name in stored}
    return replace(query, right=right, negatives=negatives)


def _grades(query: JudgedQuery) -> dict[str, int]:
    return {**dict.fromkeys(query.negatives, 0), **{name: one.grade for name, one in query.right.items()}}


def _rows(
    query: JudgedQuery, judged: Mapping[str, Any], files: Mapping[str, str], of: Callable[[Any], dict[str, Any]]
) -> list[dict[str, Any]]:
    return [
        {"id": name, "image": files[name], "caption": query.words, "query": query.name, **of(one)}
        for name, one in judged.items()
        if name in files
    ]


def _of_right(one: Any) -> dict[str, Any]:
    return {"grade": one.grade, "clicks": one.clicks, "relevance": round(one.relevance, 4), "thumbs": one.thumbs}


def _of_negative(one: Any) -> dict[str, Any]:
    return {"why": one.why, "count": one.count}


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _write(path: Path, lines: Iterable[str]) -> None:
    write_whole(path, "".join(f"{line}\n" for line in lines))
