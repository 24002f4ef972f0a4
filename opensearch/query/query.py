"""What is asked, as a value. Pure: nothing here talks to a server; ``bodies.py`` says what is sent for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .checks import check_parts, check_search
from .clause_weights import CAPTION, VECTOR, split_weights
from .limits import (
    DEPTH,
    DEPTHS,
    KINDS,
    MARKS,
    MATCHES,
    MAX_CHARACTERS,
    MAX_HITS,
    MAX_REACH,
    MAX_TERMS,
    SEARCH_PARAMETERS,
    TERM,
    Kind,
    Match,
    one_line,
)
from .pipelines import Fusion, Mean

__all__ = [
    "CAPTION",
    "DEPTH",
    "KINDS",
    "MARKS",
    "MATCHES",
    "MAX_CHARACTERS",
    "MAX_HITS",
    "MAX_REACH",
    "MAX_TERMS",
    "SEARCH_PARAMETERS",
    "VECTOR",
    "Kind",
    "Match",
    "Query",
]

#: What an index can have its own default of.
TUNED = ("fusion", "mean", "weight", "candidates", "match", "exact", "ef_search", "pipeline")


@dataclass(frozen=True)
class Query:
    """Words, pictures (their files' bytes), pictures of the index (their ids), or any mix of them.

    ``text`` is what to search for, of weight 1; ``texts`` are more, each with its weight. ``picture`` is one picture of weight
    1, ``pictures`` are more, each with its weight; ``like`` are ids of pictures in the index with weights, ``unlike`` those to
    move away from, and ``unwanted`` words to move away from, which also keep captions that have all of them out of the caption
    clause. ``text_weight`` is the texts' share beside pictures in the query's vector, ``not_weight`` how much of what is not
    wanted is subtracted from it (``compose.compose``). With ``split`` every text, picture and id is a vector clause of its own,
    of the weight that it would have in the one vector. ``match``: any of the words in the caption, most (of more than two, three
    in four), all, or all as a phrase; with ``exact`` as they are written, without the language's endings. ``ef_search``: how
    many vectors the graph's search keeps on its way, if more than it does by itself (``nearest``).

    ``weight`` is the vector clause's share in a hybrid, fused by ``fusion`` and ``mean``; or as ``pipeline`` says, which the
    server knows by that name, and then ``fixed_weights`` are its weights. ``start`` hits are passed over.
    ``candidates``: how many of each clause are fused; pages of one search must have the same, which they have by default up
    to hit 200, from there to 1,000, and from there on. ``facets`` are fields whose values are counted; ``group_duplicates``
    shows one hit of pictures with the same bytes, ``group_near`` one of those that look nearly the same, of the ``depth`` best
    of each clause. ``min_cosine``: the cosine from which on a hit is marked as relevant.
    ``filters`` as ``filters.parse_filters`` reads them. Raises InvalidOption where that makes no query.
    """

    text: str = ""
    picture: bytes | None = None
    kind: Kind | None = None
    weight: float = 0.5
    text_weight: float = 0.5
    fusion: Fusion = "min_max"
    size: int = 10
    filters: tuple[str, ...] = ()
    mean: Mean = "arithmetic"
    match: Match = "any"
    pictures: tuple[tuple[bytes, float], ...] = ()
    like: tuple[tuple[str, float], ...] = ()
    unlike: tuple[tuple[str, float], ...] = ()
    unwanted: tuple[str, ...] = ()
    not_weight: float = 0.5
    start: int = 0
    candidates: int | None = None
    facets: tuple[str, ...] = ()
    group_duplicates: bool = False
    group_near: bool = False
    min_cosine: float | None = None
    exact: bool = False
    ef_search: int | None = None
    pipeline: str | None = None
    fixed_weights: tuple[float, ...] | None = None
    sort: str | None = None
    texts: tuple[tuple[str, float], ...] = ()
    split: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "unwanted", tuple(one_line(text) for text in self.unwanted))
        object.__setattr__(self, "texts", tuple((one_line(text), weight) for text, weight in self.texts))
        check_search(self)
        check_parts(self)

    def with_defaults(self, chosen: Mapping[str, Any]) -> Query:
        """This query, if it is a hybrid, asked and fused as an index's own default says (``Version.search``). A depth that does not
        reach the last hit stays out.
        """
        if self.resolved_kind != "hybrid":
            return self
        tuned = {name: chosen[name] for name in TUNED if name in chosen}
        if tuned.get("candidates", self.end) < self.end:
            del tuned["candidates"]
        if self.is_split:
            tuned.pop("pipeline", None)  # it was made for two clauses
        if "pipeline" in tuned:  # put there over what was tuned
            tuned = {name: value for name, value in tuned.items() if name not in ("fusion", "mean", "weight")}
        return replace(self, **tuned)

    @cached_property
    def words(self) -> str:
        """The text as it is sent: one line of at most MAX_TERMS and MAX_CHARACTERS, only characters that JSON can carry."""
        line = self._line
        end = min(len(line), MAX_CHARACTERS)
        for count, term in enumerate(TERM.finditer(line, 0, end), 1):
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
        return one_line(self.text)

    @property
    def all_texts(self) -> tuple[tuple[str, float], ...]:
        return ((self.words, 1.0), *self.texts) if self.words else self.texts

    @property
    def all_pictures(self) -> tuple[tuple[bytes, float], ...]:
        return self.pictures if self.picture is None else ((self.picture, 1.0), *self.pictures)

    @property
    def end(self) -> int:
        """The number of the last hit asked for."""
        return self.start + self.size

    @property
    def resolved_kind(self) -> Kind:
        """The kind asked for; without one, hybrid where there are words, else vector."""
        return self.kind or ("hybrid" if self.all_texts else "vector")

    @property
    def fused(self) -> bool:
        """Whether there are several clauses, whose scores must join."""
        return self.resolved_kind == "hybrid" or self.is_split

    @property
    def depth(self) -> int:
        """Candidates of each clause."""
        return self.candidates or next(depth for depth in DEPTHS if depth >= self.end)

    @property
    def nearest(self) -> int:
        """How many of the nearest vectors the graph is asked for. A hybrid of a smaller depth asks for the usual number, and the
        fusion cuts: the graph finds what is nearest the less surely, the fewer it is asked for.
        """
        return max(self.depth, DEPTH) if self.fused else self.depth

    @property
    def is_split(self) -> bool:
        """Whether it has several vector clauses."""
        if not self.split or self.resolved_kind == "caption":
            return False
        return len(self.all_texts) + len(self.all_pictures) + len(self.like) > 1

    @cached_property
    def clause_weights(self) -> Mapping[str, float]:
        """Of each clause by its name, in their order, summing to 1."""
        kind = self.resolved_kind
        if not self.is_split:
            return {CAPTION: 1 - self.weight, VECTOR: self.weight} if kind == "hybrid" else {kind: 1.0}
        found = split_weights(
            self.weight,
            self.text_weight,
            caption=kind == "hybrid",
            texts=[weight for _, weight in self.all_texts],
            pictures=[weight for _, weight in self.all_pictures],
            likes=[weight for _, weight in self.like],
        )
        own = {weight for _, weight in (*self.all_texts, *self.all_pictures, *self.like)} != {1.0}
        if self.fusion == "rrf" and not own and self.weight == self.text_weight == 0.5:
            return dict.fromkeys(found, 1 / len(found))  # no weights were asked for, and older servers have none
        return found

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the clauses, in their order, summing to 1."""
        return self.fixed_weights or tuple(self.clause_weights.values())
