"""What is asked, as a value. Pure: nothing here talks to a server; ``bodies.py`` says what is sent for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

from .clause_weights import CAPTION as CAPTION
from .clause_weights import MAX_CLAUSES, split_weights
from .clause_weights import VECTOR as VECTOR
from .compose import MAX_WEIGHT, MIN_WEIGHT
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
#: Further texts, pictures and ids in one query.
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

#: What an index can have its own default of.
TUNED = ("fusion", "mean", "weight", "candidates", "match", "exact", "ef_search", "pipeline")

#: In the URL of a search: each hit's raw score from each clause; and an error, not fewer hits, where a shard fails.
SEARCH_PARAMETERS = {"include_named_queries_score": "true", "allow_partial_search_results": "false"}


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
        wanted = bool(self.all_pictures or self.like)
        if not self.all_texts and not wanted:
            if self.unlike or self.unwanted:
                raise InvalidOption("only what is not wanted was given; say what is, in words, with --image or --like")
            raise InvalidOption("nothing to search for; give words, a picture with --image, or both")
        if self.kind is not None and self.kind not in KINDS:
            raise InvalidOption(f"kind {self.kind!r} is not known; choose one of {', '.join(KINDS)}")
        if self.kind in ("caption", "hybrid") and not self.all_texts:
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
            if not self.fused:
                raise InvalidOption(
                    f"a {self.resolved_kind} search has one clause and nothing to join; leave --pipeline out"
                )
        if self.min_cosine is not None:
            if self.resolved_kind == "caption":
                raise InvalidOption("a caption search has no cosines to cut at; leave --caption or --min-relevance out")
            if self.is_split:
                raise InvalidOption(
                    "several vector clauses have no one cosine to cut at; leave --clauses or --min-relevance out"
                )
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
        if self.is_split:
            tuned.pop("pipeline", None)  # it was made for two clauses
        if "pipeline" in tuned:  # put there over what was tuned
            tuned = {name: value for name, value in tuned.items() if name not in ("fusion", "mean", "weight")}
        return replace(self, **tuned)

    def _check_parts(self) -> None:
        count = sum(map(len, (self.all_pictures, self.like, self.unlike, self.unwanted, self.texts)))
        if count > MAX_PARTS:
            raise InvalidOption(f"{count} texts, pictures and ids are too many; give at most {MAX_PARTS}")
        if "" in self.unwanted:
            raise InvalidOption("--not has no words; name what is not wanted, or leave it out")
        if sum(len(_TERM.findall(text)) for text in self.unwanted) > MAX_UNWANTED_TERMS:
            raise InvalidOption(f"what is not wanted is too long; say it in {MAX_UNWANTED_TERMS} words at most")
        if any(not text or len(text) > MAX_CHARACTERS for text, _ in self.texts):
            raise InvalidOption(
                f"--text has no words, or more than {MAX_CHARACTERS:,} characters; give some, or leave it out"
            )
        if self.texts and sum(len(_TERM.findall(text)) for text, _ in self.all_texts) > MAX_TERMS:
            raise InvalidOption(f"the texts are too long together; say it in {MAX_TERMS} words at most")
        if len(self.clause_weights) > MAX_CLAUSES:
            raise InvalidOption(
                f"{len(self.clause_weights)} clauses are too many: OpenSearch takes {MAX_CLAUSES}, the caption's included; leave "
                "some out, or leave --clauses out"
            )
        for name, _ in (*self.like, *self.unlike):
            if name.encode("utf-8", "replace").decode("utf-8") != name:
                raise InvalidOption(f"{name[:80]!r} is no id; give one as clipseek search prints it")
        for part, weight in (*self.like, *self.unlike, *self.pictures, *self.texts):
            if not part:
                raise InvalidOption("an empty id or picture names nothing; give an id as clipseek search prints it")
            if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
                raise InvalidOption(f"weight {weight} cannot be used; give {MIN_WEIGHT} to {MAX_WEIGHT}")

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
        return self.candidates or next(depth for depth in _DEPTHS if depth >= self.end)

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


def one_line(text: str) -> str:
    """``text`` on one line, with only characters that JSON can carry."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())
