"""What every setting of ``clipseek tune`` is computed from: each clause's candidates, and the raw score of all by every clause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import opensearchpy
import orjson
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.clauses import caption_clause, over, vector_clause
from clipseek.opensearch.query.filters import without_ids
from clipseek.opensearch.query.limits import CAPTION, OCR_WEIGHT, VECTOR
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.index_defaults import Setting, Wording
from clipseek.opensearch.search.second_requests import candidates_body
from clipseek.opensearch.server.failures import check_answers
from numpy.typing import NDArray

from .fusion_grid import DEPTHS
from .labelled_queries import LabelledQuery

#: (preference, body) of a search.
_Search = tuple[str, dict[str, Any]]
_COPIES = "tune"
_KEPT = ",".join(f"responses.{part}" for part in ("hits.hits._score", "hits.hits.fields", "error", "status"))


@dataclass(frozen=True)
class ClauseScores:
    """One query's candidates.

    scores: of each clause by its name (``caption_clause_name``, ``vector_clause_name``), id to raw score, best first.
    right: ids of the right pictures.
    every: what each clause of ``scores`` gives the candidates of all of them, id to raw score; a caption without any of the words
        is in none. One entry for all vector clauses, ``VECTOR``, exact.
    shard_of: id to number of its shard; empty for an index of one.
    """

    scores: Mapping[str, Mapping[str, float]]
    right: frozenset[str]
    every: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    shard_of: Mapping[str, int] = field(default_factory=dict)

    def candidates(self, clause: str, depth: int | None, *, complete: bool) -> dict[str, float]:
        """What ``clause`` brings to a hybrid, best first: to a complete one the best of all shards together, else of each."""
        if complete or not self.shard_of:
            return dict(islice(self.scores[clause].items(), depth))
        seen: Counter[int] = Counter()
        kept = {}
        for document, score in self.scores[clause].items():
            seen[self.shard_of[document]] += 1
            if depth is None or seen[self.shard_of[document]] <= depth:
                kept[document] = score
        return kept


def caption_clause_name(wording: Wording) -> str:
    usual = (wording.match, wording.exact) == ("any", False) and wording.ocr in (None, OCR_WEIGHT)
    return CAPTION if usual else f"{CAPTION}, {wording}"


def vector_clause_name(ef_search: int | None) -> str:
    return VECTOR if ef_search is None else f"{VECTOR}, ef_search {ef_search}"


def fetch_scores(
    client: opensearchpy.OpenSearch,
    version: Version,
    queries: Sequence[LabelledQuery],
    vectors: NDArray[np.float32],
    settings: Sequence[Setting],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[ClauseScores]:
    """Of each query the candidates that ``settings`` need, for its words and for its (D,) row of the unit ``vectors``.

    Two requests a query, one where no setting is complete; ``progress`` is called with how many queries are done, and how many
    there are. Raises the errors of the tree.
    """
    complete = any(setting.fusion.complete for setting in settings)
    shards = len(client.search_shards(index=version.index)["shards"])
    for done, (query, vector) in enumerate(zip(queries, vectors, strict=True), 1):
        clauses = _clauses(query, vector, settings)
        scores, shard_of = _candidates(client, version.index, clauses, shards)
        every = _scored_by_all(client, version.index, clauses, scores) if complete else {}
        yield ClauseScores(scores, frozenset(query.grades), every, shard_of)
        progress(done, len(queries))


def _clauses(
    query: LabelledQuery, vector: NDArray[np.float32], settings: Sequence[Setting]
) -> dict[str, dict[str, Any]]:
    """The caption clause of each wording, and the vector clause of each ef_search."""
    filters = without_ids(query.excluded)
    clauses = {}
    for wording in dict.fromkeys(setting.wording for setting in settings):
        searched = Query(query.words, kind="hybrid", match=wording.match, exact=wording.exact, ocr_weight=wording.ocr)
        clauses[caption_clause_name(wording)] = caption_clause(searched, filters)
    for ef_search in dict.fromkeys(setting.fusion.ef_search for setting in settings):
        clause = vector_clause(vector, filters, nearest=max(DEPTHS), ef_search=ef_search)
        clauses[vector_clause_name(ef_search)] = clause
    return clauses


def _candidates(
    client: opensearchpy.OpenSearch, index: str, clauses: Mapping[str, dict[str, Any]], shards: int
) -> tuple[dict[str, dict[str, float]], dict[str, int]]:
    """``ClauseScores.scores`` and ``shard_of``: of each shard as many candidates as a search can ask it for."""
    places = [_COPIES] if shards == 1 else [f"_shards:{shard}" for shard in range(shards)]
    bodies = {name: candidates_body(clause, max(DEPTHS)) for name, clause in clauses.items()}
    answers = _msearch(client, index, [(place, body) for body in bodies.values() for place in places])
    scores: dict[str, dict[str, float]] = {}
    shard_of: dict[str, int] = {}
    for at, name in enumerate(clauses):
        of_shards = answers[at * shards : (at + 1) * shards]
        if shards > 1:
            shard_of.update((document, shard) for shard, found in enumerate(of_shards) for document in found)
        # A stable sort: hits that score the same stay in the server's order.
        joined = sorted((pair for found in of_shards for pair in found.items()), key=lambda pair: -pair[1])
        scores[name] = dict(joined)
    return scores, shard_of


def _scored_by_all(
    client: opensearchpy.OpenSearch,
    index: str,
    clauses: Mapping[str, dict[str, Any]],
    scores: Mapping[str, Mapping[str, float]],
) -> dict[str, dict[str, float]]:
    """``ClauseScores.every``. The graph's scores may be those of compressed vectors: all are asked for again, exactly."""
    captions = [name for name, clause in clauses.items() if "knn" not in clause]
    by_vector, *_ = (clause for clause in clauses.values() if "knn" in clause)
    found = {name: dict(scores[name]) for name in captions}
    nearest = dict.fromkeys(document for name in scores if name not in found for document in scores[name])
    missing = {name: [document for document in nearest if document not in found[name]] for name in captions}
    missing[VECTOR] = list(dict.fromkeys([*nearest, *(document for name in captions for document in found[name])]))
    asked = {name: ids for name, ids in missing.items() if ids}
    searches = []
    for name, ids in asked.items():
        clause = over(by_vector if name == VECTOR else clauses[name], {"ids": {"values": ids}})
        searches.append((_COPIES, candidates_body(clause, len(ids))))
    found[VECTOR] = {}
    for name, answer in zip(asked, _msearch(client, index, searches), strict=True):
        found[name].update(answer)
    return found


def _msearch(client: opensearchpy.OpenSearch, index: str, searches: Sequence[_Search]) -> list[dict[str, float]]:
    """Of each search id to score, best first. Raises the error of the first that failed."""
    if not searches:
        return []
    lines: list[Any] = []
    for preference, body in searches:
        lines += [{"preference": preference, "allow_partial_search_results": False}, body]
    data = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    answers = client.msearch(body=data, index=index, params={"filter_path": _KEPT})["responses"]
    check_answers(index, answers)
    rows = (answer.get("hits", {}).get("hits", ()) for answer in answers)
    return [{row["fields"]["image_id"][0]: float(row["_score"]) for row in each} for each in rows]
