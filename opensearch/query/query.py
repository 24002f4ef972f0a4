"""What is searched with, as a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from clipseek.encoder.pictures.crop import Crop
from clipseek.files.text import without_surrogates

from ..errors import InvalidOption
from ..values.zones import read_zone
from .limits import (
    CAPTION,
    KINDS,
    MATCHES,
    MAX_CHARACTERS,
    MAX_CLAUSES,
    MAX_PARTS,
    MAX_TERMS,
    MAX_UNWANTED_TERMS,
    MAX_WEIGHT,
    MIN_WEIGHT,
    TERM,
    VECTOR,
    Kind,
    Match,
    one_line,
)


@dataclass(frozen=True)
class QueryPicture:
    """A picture file's bytes to search by, its weight beside others, and the part of the picture that is meant, by default all."""

    data: bytes
    weight: float = 1.0
    crop: Crop | None = None


@dataclass(frozen=True)
class Query:
    """Words, pictures, pictures of the index, or any mix of them, and what may be found.

    text: the words to search for, of weight 1. Of a long text the beginning is searched for (``words``, ``cut``).
    texts: more texts, each with its weight.
    picture: a picture file's bytes, of weight 1.
    pictures: more pictures, each with its weight, whole or a part of it.
    like: ids of pictures in the index to search by, each with its weight. Instead of an id that is a hash, its first digits do.
    unlike: ids of pictures in the index to move away from, each with its weight.
    unwanted: texts to move away from; captions that have all words of one are left out of the caption clause.
    kind: ``caption`` (BM25), ``vector`` (CLIP) or ``hybrid`` (both). By default hybrid where there are words, else vector.
    match: which of the words a caption must have: ``any``, ``most`` (of up to two all, of more three in four), ``all``, or all as a
        ``phrase``. By default what the index was tuned to in a hybrid, else any.
    exact: search for the words as they are written, without stemming. By default what the index was tuned to in a hybrid, else no.
    ocr_weight: of an index whose pictures were read (``ingest --ocr``), the share of the words that stand in them beside the
        caption, 0 (captions alone) to 1. By default what the index was tuned to, else 0.5; not to be given for another index.
    filters: conditions on fields, as ``filters.parse_filters`` reads them; all must hold.
    any_filters: further conditions, of which at least one must hold.
    time_zone: of dates in filters that have none, like ``Europe/Berlin``; by default the index's own.
    split: make every text, picture and id a vector clause of its own, of the weight that it would have in the one vector.
    text_weight: the texts' share beside pictures and ids in the query's vector, 0 to 1.
    not_weight: how much of what is not wanted is subtracted from the vector (``vectors.compose``), 0 to 1.

    Raises InvalidOption where that makes no query.
    """

    text: str = ""
    picture: bytes | None = None
    kind: Kind | None = None
    texts: tuple[tuple[str, float], ...] = ()
    pictures: tuple[QueryPicture, ...] = ()
    like: tuple[tuple[str, float], ...] = ()
    unlike: tuple[tuple[str, float], ...] = ()
    unwanted: tuple[str, ...] = ()
    match: Match | None = None
    exact: bool | None = None
    ocr_weight: float | None = None
    filters: tuple[str, ...] = ()
    any_filters: tuple[str, ...] = ()
    time_zone: str | None = None
    split: bool = False
    text_weight: float = 0.5
    not_weight: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "unwanted", tuple(one_line(text) for text in self.unwanted))
        object.__setattr__(self, "texts", tuple((one_line(text), weight) for text, weight in self.texts))
        self._check_kind()
        self._check_amounts()
        self._check_weights()
        if self.time_zone is not None:
            read_zone(self.time_zone)

    def _check_kind(self) -> None:
        wanted = bool(self.all_pictures or self.like)
        if not self.all_texts and not wanted:
            if self.unlike or self.unwanted:
                raise InvalidOption("only what is not wanted was given; say what is, in words, with --image or --like")
            raise InvalidOption(
                "nothing to search for; give words, a picture with --image, or both, or list pictures by --filter"
            )
        if self.kind is not None and self.kind not in KINDS:
            raise InvalidOption(f"kind {self.kind!r} is not known; choose one of {', '.join(KINDS)}")
        if self.kind in ("caption", "hybrid") and not self.all_texts:
            raise InvalidOption(f"a {self.kind} search needs words; give some, or search by --vector alone")
        if self.kind == "caption" and (wanted or self.unlike):
            raise InvalidOption(
                "a caption search cannot use a picture; leave --image, --like, --unlike or --caption out"
            )
        if self.match is not None and self.match not in MATCHES:
            raise InvalidOption(f"match {self.match!r} is not known; choose one of {', '.join(MATCHES)}")

    def _check_amounts(self) -> None:
        count = sum(map(len, (self.all_pictures, self.like, self.unlike, self.unwanted, self.texts)))
        if count > MAX_PARTS:
            raise InvalidOption(f"{count} texts, pictures and ids are too many; give at most {MAX_PARTS}")
        if "" in self.unwanted:
            raise InvalidOption("--not has no words; name what is not wanted, or leave it out")
        if _terms(self.unwanted) > MAX_UNWANTED_TERMS:
            raise InvalidOption(f"what is not wanted is too long; say it in {MAX_UNWANTED_TERMS} words at most")
        if any(not text or len(text) > MAX_CHARACTERS for text, _ in self.texts):
            raise InvalidOption(
                f"--text has no words, or more than {MAX_CHARACTERS:,} characters; give some, or leave it out"
            )
        if self.texts and _terms(text for text, _ in self.all_texts) > MAX_TERMS:
            raise InvalidOption(f"the texts are too long together; say it in {MAX_TERMS} words at most")
        if len(self.clause_names) > MAX_CLAUSES:
            raise InvalidOption(
                f"{len(self.clause_names)} clauses are too many: OpenSearch takes {MAX_CLAUSES}, the caption's included; "
                "leave some out, or leave --clauses out"
            )

    def _check_weights(self) -> None:
        shares = {"text weight": self.text_weight, "not weight": self.not_weight, "OCR weight": self.ocr_weight}
        for name, share in shares.items():
            if share is not None and not 0 <= share <= 1:
                raise InvalidOption(f"{name} {share} is outside 0 to 1")
        for name in self.ids:
            if without_surrogates(name) != name:
                raise InvalidOption(f"{name[:80]!r} is no id; give one as clipseek search prints it")
        pictures = ((picture.data, picture.weight) for picture in self.pictures)
        for content, weight in (*self.like, *self.unlike, *pictures, *self.texts):
            if not content:
                raise InvalidOption("an empty id or picture names nothing; give an id as clipseek search prints it")
            if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
                raise InvalidOption(f"weight {weight} cannot be used; give {MIN_WEIGHT} to {MAX_WEIGHT}")

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
        """Every text with its weight."""
        return ((self.words, 1.0), *self.texts) if self.words else self.texts

    @property
    def all_pictures(self) -> tuple[QueryPicture, ...]:
        """Every picture with its weight."""
        return self.pictures if self.picture is None else (QueryPicture(self.picture), *self.pictures)

    @property
    def ids(self) -> tuple[str, ...]:
        """The pictures of the index that it names; none of them is a hit."""
        return tuple(name for name, _ in (*self.like, *self.unlike))

    @property
    def resolved_kind(self) -> Kind:
        """The kind asked for; without one, hybrid where there are words, else vector."""
        return self.kind or ("hybrid" if self.all_texts else "vector")

    @property
    def needs_model(self) -> bool:
        """Whether something must be encoded: pictures of the index bring their vectors with them."""
        return self.resolved_kind != "caption" and bool(self.all_texts or self.all_pictures or self.unwanted)

    @property
    def fused(self) -> bool:
        """Whether there are several clauses, whose scores must be fused."""
        return len(self.clause_names) > 1

    @property
    def is_split(self) -> bool:
        """Whether it has several vector clauses."""
        if not self.split or self.resolved_kind == "caption":
            return False
        return len(self.all_texts) + len(self.all_pictures) + len(self.like) > 1

    @cached_property
    def clause_names(self) -> tuple[str, ...]:
        """Names of the clauses, in the order of their weights: the caption's, then the vectors'."""
        kind = self.resolved_kind
        if not self.is_split:
            return (CAPTION, VECTOR) if kind == "hybrid" else (kind,)
        vectors = [
            name if len(contents) == 1 else f"{name} {number}"
            for name, contents in (("words", self.all_texts), ("picture", self.all_pictures), ("like", self.like))
            for number in range(1, len(contents) + 1)
        ]
        return (CAPTION, *vectors) if kind == "hybrid" else tuple(vectors)


def _terms(texts: Iterable[str]) -> int:
    return sum(len(TERM.findall(text)) for text in texts)
