"""What is asked, as a value, and the bodies that are sent for it. Pure: nothing here talks to a server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidOption
from .pipelines import FUSIONS, Fusion, pipeline

Kind: TypeAlias = Literal["caption", "vector", "hybrid"]
KINDS: tuple[Kind, ...] = ("caption", "vector", "hybrid")

#: Candidates of each clause. Sent always: without it a clause brings only as many as hits are asked for, and the ranking would
#: depend on that number.
DEPTH = 200
#: OpenSearch allows 1,024 terms in a query. These are the most that the words may make, which leaves room for the filters.
MAX_TERMS = 900
#: Of the words that are searched for; the rest of a longer text is left out, and ``Query.cut`` says so.
MAX_CHARACTERS = 4_000
MAX_HITS = 1_000
#: Around the matched words of a caption, as the server marks them: private-use characters, which captions hardly have.
MARKS = ("\ue000", "\ue001")

# A run of Latin letters and digits is a term in any analyzer (one for each 255 characters); of other scripts, whose words may
# stand without spaces, every character may be one.
_TERM = re.compile(r"[A-Za-z0-9]{1,255}|[^\sA-Za-z0-9]")

CAPTION, VECTOR = "caption", "vector"  # names of the two clauses

#: In the URL of a search: each hit's raw score from each clause; and an error, not fewer hits, where a shard fails.
SEARCH_PARAMETERS = {"include_named_queries_score": "true", "allow_partial_search_results": "false"}


@dataclass(frozen=True)
class Query:
    """Words, a picture (its file's bytes), or both.

    ``weight`` is the vector clause's share in a hybrid, ``text_weight`` the words' share in the query vector where words and a
    picture are composed. ``filters`` as ``filters.parse_filters`` reads them. Raises InvalidOption where that makes no query.
    """

    text: str = ""
    picture: bytes | None = None
    kind: Kind | None = None
    weight: float = 0.5
    text_weight: float = 0.5
    fusion: Fusion = "min_max"
    size: int = 10
    filters: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.words and self.picture is None:
            raise InvalidOption("nothing to search for; give words, a picture with --image, or both")
        if self.kind is not None and self.kind not in KINDS:
            raise InvalidOption(f"kind {self.kind!r} is not known; choose one of {', '.join(KINDS)}")
        if self.kind in ("caption", "hybrid") and not self.words:
            raise InvalidOption(f"a {self.kind} search needs words; give some, or search by --vector alone")
        if self.kind == "caption" and self.picture is not None:
            raise InvalidOption("a caption search cannot use a picture; leave --image or --caption out")
        if self.fusion not in FUSIONS:
            raise InvalidOption(f"fusion {self.fusion!r} is not known; choose one of {', '.join(FUSIONS)}")
        for name, value in (("weight", self.weight), ("text weight", self.text_weight)):
            if not 0 <= value <= 1:
                raise InvalidOption(f"{name} {value} is outside 0 to 1")
        if not 1 <= self.size <= MAX_HITS:
            raise InvalidOption(f"{self.size} hits cannot be asked for; choose 1 to {MAX_HITS}")

    @cached_property
    def words(self) -> str:
        """The text as it is sent: one line of at most MAX_TERMS and MAX_CHARACTERS, only characters that JSON can carry."""
        line = self._line
        end = min(len(line), MAX_CHARACTERS)
        for count, term in enumerate(_TERM.finditer(line, 0, end), 1):
            if count > MAX_TERMS:
                end = term.start()
                break
        if end < len(line) and (space := line.rfind(" ", 0, end + 1)) > 0:
            end = space  # no half words
        return line[:end].strip()

    @property
    def cut(self) -> bool:
        """Whether the text was longer than what is searched for."""
        return self.words != self._line

    @cached_property
    def _line(self) -> str:
        clean = self.text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
        return " ".join(clean.split())

    @property
    def resolved_kind(self) -> Kind:
        """The kind asked for; without one, hybrid where there are words, else vector."""
        return self.kind or ("hybrid" if self.words else "vector")

    @property
    def depth(self) -> int:
        return max(DEPTH, self.size)

    @property
    def weights(self) -> tuple[float, float]:
        """Of the caption and the vector clause, summing to 1."""
        return (1 - self.weight, self.weight)


def compose(
    text: NDArray[np.float32] | None, picture: NDArray[np.float32] | None, text_weight: float
) -> NDArray[np.float32]:
    """One (D,) unit vector of words and picture: the point between them, back on the sphere."""
    parts = [(1.0, v) for v in (text, picture) if v is not None]
    if len(parts) == 2:
        parts = [(text_weight, parts[0][1]), (1 - text_weight, parts[1][1])]
    total = np.sum([weight * vector for weight, vector in parts], axis=0).astype(np.float32)
    length = float(np.linalg.norm(total))
    if not np.isfinite(length) or length < 1e-6:
        raise InvalidOption("words and picture cancel each other out; search by one of them, or change --text-weight")
    return np.asarray(total / length, np.float32)


def caption_clause(query: Query, filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """BM25 over the caption. The words are a value of a match query: no syntax in them means anything."""
    match = {"match": {"caption": {"query": query.words, "_name": CAPTION}}}
    return {"bool": {"must": [match], "filter": list(filters)}} if filters else match


def vector_clause(query: Query, vector: NDArray[np.float32], filters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The ``depth`` nearest vectors; filters work inside the graph's search, so that they never leave fewer."""
    knn: dict[str, Any] = {"vector": vector.tolist(), "k": query.depth}
    if filters:
        knn["filter"] = {"bool": {"filter": list(filters)}}
    return {"knn": {"image_vector": {**knn, "_name": VECTOR}}}


def clauses(
    query: Query, vector: NDArray[np.float32] | None, filters: Sequence[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The query's clauses by name, in the order of the pipeline's weights."""
    found: dict[str, dict[str, Any]] = {}
    if query.resolved_kind in ("caption", "hybrid"):
        found[CAPTION] = caption_clause(query, filters)
    if query.resolved_kind in ("vector", "hybrid"):
        if vector is None:
            raise ValueError("a vector clause without a vector")
        found[VECTOR] = vector_clause(query, vector, filters)
    return found


def search_body(query: Query, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The search itself. A hybrid never goes without its pipeline: OpenSearch would answer nonsense and not say so.

    To be sent with ``SEARCH_PARAMETERS``.
    """
    body: dict[str, Any] = {"size": query.size, "_source": {"excludes": ["image_vector"]}, "track_total_hits": True}
    if query.resolved_kind == "hybrid":
        body["query"] = {"hybrid": {"pagination_depth": query.depth, "queries": list(found.values())}}
        weights = query.weights if query.fusion != "rrf" else None
        body["search_pipeline"] = pipeline(query.fusion, weights, clauses=len(found))
    else:
        (body["query"],) = found.values()
    if CAPTION in found:
        words = {"match": {"caption": {"query": query.words}}}
        body["highlight"] = {
            "pre_tags": [MARKS[0]],
            "post_tags": [MARKS[1]],
            "fields": {"caption": {"number_of_fragments": 0, "highlight_query": words}},
        }
    return body


def candidates_body(query: Query, clause: dict[str, Any]) -> dict[str, Any]:
    """One clause alone, ids and scores only: in one shard, exactly the candidates that the hybrid normalises."""
    return {
        "size": query.depth,
        "query": clause,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["image_id"],
        "track_total_hits": False,
    }
