"""What is asked, as a value. Pure: nothing here talks to a server; ``bodies.py`` says what is sent for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from .errors import InvalidOption
from .pipelines import Fusion, Mean, check_mean, check_pipeline_name

Kind: TypeAlias = Literal["caption", "vector", "hybrid"]
KINDS: tuple[Kind, ...] = ("caption", "vector", "hybrid")
Match: TypeAlias = Literal["any", "most", "all", "phrase"]
MATCHES: tuple[Match, ...] = ("any", "most", "all", "phrase")

#: Candidates of each clause. Sent always: without it a clause brings only as many as hits are asked for, and the ranking would
#: depend on that number.
DEPTH = 200
#: OpenSearch allows 1,024 terms in a query. These are the most that the words may make, which leaves room for the filters.
MAX_TERMS = 900
#: Of the words that are searched for; the rest of a longer text is left out, and ``Query.cut`` says so.
MAX_CHARACTERS = 4_000
MAX_HITS = 1_000
#: OpenSearch's own limit (index.max_result_window): the last hit that paging can reach, and the most candidates.
MAX_REACH = 10_000
#: Pictures, ids and unwanted texts in one query.
MAX_PARTS = 64
#: Terms of all unwanted texts together; with the words and the filters, still fewer than 1,024.
MAX_UNWANTED_TERMS = 50
#: Of a page beyond the usual depth. Steps, not the page's own end, so that neighbouring pages rank the same candidates.
_DEPTHS = (DEPTH, MAX_HITS, MAX_REACH)
#: Around the matched words of a caption, as the server marks them: private-use characters, which captions hardly have.
MARKS = ("\ue000", "\ue001")

# A run of Latin letters and digits is a term in any analyzer (one for each 255 characters); of other scripts, whose words may
# stand without spaces, every character may be one.
_TERM = re.compile(r"[A-Za-z0-9]{1,255}|[^\sA-Za-z0-9]")

CAPTION, VECTOR = "caption", "vector"  # names of the two clauses
#: What an index can have its own default of.
TUNED = ("fusion", "mean", "weight", "candidates", "match", "exact", "ef_search", "pipeline")

#: In the URL of a search: each hit's raw score from each clause; and an error, not fewer hits, where a shard fails.
SEARCH_PARAMETERS = {"include_named_queries_score": "true", "allow_partial_search_results": "false"}


@dataclass(frozen=True)
class Query:
    """Words, pictures (their files' bytes), pictures of the index (their ids), or any mix of them.

    ``picture`` is one picture of weight 1, ``pictures`` are more, each with its weight; ``like`` are ids of pictures in the
    index with weights, ``unlike`` those to move away from, and ``unwanted`` words to move away from, which also keep captions
    that have all of them out of the caption clause. ``text_weight`` is the words' share beside pictures in the query's
    vector, ``not_weight`` how much of what is not wanted is subtracted from it (``compose.compose``). ``match``: any of the
    words in the caption, most (of more than two, three in four), all, or all as a phrase; with ``exact`` as they are written,
    without the language's endings. ``ef_search``: how many vectors the graph's search keeps on its way, if more than it does by
    itself (``nearest``).

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "unwanted", tuple(one_line(text) for text in self.unwanted))
        wanted = bool(self.all_pictures or self.like)
        if not self.words and not wanted:
            if self.unlike or self.unwanted:
                raise InvalidOption("only what is not wanted was given; say what is, in words, with --image or --like")
            raise InvalidOption("nothing to search for; give words, a picture with --image, or both")
        if self.kind is not None and self.kind not in KINDS:
            raise InvalidOption(f"kind {self.kind!r} is not known; choose one of {', '.join(KINDS)}")
        if self.kind in ("caption", "hybrid") and not self.words:
            raise InvalidOption(f"a {self.kind} search needs words; give some, or search by --vector alone")
        if self.kind == "caption" and (wanted or self.unlike):
            raise InvalidOption(
                "a caption search cannot use a picture; leave --image, --like, --unlike or --caption out"
            )
        if self.match not in MATCHES:
            raise InvalidOption(f"match {self.match!r} is not known; choose one of {', '.join(MATCHES)}")
        check_mean(self.fusion, self.mean)
        for name, value in (
            ("weight", self.weight),
            ("text weight", self.text_weight),
            ("not weight", self.not_weight),
        ):
            if not 0 <= value <= 1:
                raise InvalidOption(f"{name} {value} is outside 0 to 1")
        if not 1 <= self.size <= MAX_HITS:
            raise InvalidOption(f"{self.size} hits cannot be asked for; choose 1 to {MAX_HITS}")
        if self.start < 0 or self.end > MAX_REACH:
            raise InvalidOption(
                f"hits {self.start + 1:,} to {self.end:,} cannot be reached; OpenSearch pages from 1 to {MAX_REACH:,}: "
                "narrow the search with --filter"
            )
        if self.candidates is not None and not self.end <= self.candidates <= MAX_REACH:
            raise InvalidOption(
                f"{self.candidates:,} candidates cannot be used; give at least the last hit's number, {self.end:,}, "
                f"and at most {MAX_REACH:,}"
            )
        if self.ef_search is not None and not 1 <= self.ef_search <= MAX_REACH:
            raise InvalidOption(f"ef_search {self.ef_search:,} cannot be used; give 1 to {MAX_REACH:,}")
        if self.pipeline is not None:
            check_pipeline_name(self.pipeline)
            if self.resolved_kind != "hybrid":
                raise InvalidOption(
                    f"a {self.resolved_kind} search has one clause and nothing to join; leave --pipeline out"
                )
        if self.min_cosine is not None:
            if self.resolved_kind == "caption":
                raise InvalidOption("a caption search has no cosines to cut at; leave --caption or --min-relevance out")
            if not -1 <= self.min_cosine <= 1:
                raise InvalidOption(f"cosine {self.min_cosine} is outside -1 to 1")
        self._check_parts()

    def with_defaults(self, chosen: Mapping[str, Any]) -> Query:
        """This query, if it is a hybrid, asked and fused as an index's own default says (``Version.search``). A depth that does not
        reach the last hit stays out.
        """
        if self.resolved_kind != "hybrid":
            return self
        tuned = {name: chosen[name] for name in TUNED if name in chosen}
        if tuned.get("candidates", self.end) < self.end:
            del tuned["candidates"]
        if "pipeline" in tuned:  # put there over what was tuned
            tuned = {name: value for name, value in tuned.items() if name not in ("fusion", "mean", "weight")}
        return replace(self, **tuned)

    def _check_parts(self) -> None:
        count = len(self.all_pictures) + len(self.like) + len(self.unlike) + len(self.unwanted)
        if count > MAX_PARTS:
            raise InvalidOption(f"{count} pictures, ids and unwanted texts are too many; give at most {MAX_PARTS}")
        if "" in self.unwanted:
            raise InvalidOption("--not has no words; name what is not wanted, or leave it out")
        if sum(len(_TERM.findall(text)) for text in self.unwanted) > MAX_UNWANTED_TERMS:
            raise InvalidOption(f"what is not wanted is too long; say it in {MAX_UNWANTED_TERMS} words at most")
        for picture, weight in (*self.like, *self.unlike, *self.pictures):
            if not picture:
                raise InvalidOption("an empty id or picture names nothing; give an id as clipseek search prints it")
            if not 0 < weight <= 1000:
                raise InvalidOption(f"weight {weight} cannot be used; give a number above 0, at most 1000")

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
        return one_line(self.text)

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
        return self.kind or ("hybrid" if self.words else "vector")

    @property
    def depth(self) -> int:
        """Candidates of each clause."""
        return self.candidates or next(depth for depth in _DEPTHS if depth >= self.end)

    @property
    def nearest(self) -> int:
        """How many of the nearest vectors the graph is asked for. A hybrid of a smaller depth asks for the usual number, and the
        fusion cuts: the graph finds what is nearest the less surely, the fewer it is asked for.
        """
        return max(self.depth, DEPTH) if self.resolved_kind == "hybrid" else self.depth

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the caption and the vector clause, summing to 1."""
        return self.fixed_weights or (1 - self.weight, self.weight)


def one_line(text: str) -> str:
    """``text`` on one line, with only characters that JSON can carry."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())
