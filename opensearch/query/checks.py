"""What makes no query, said in one line each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clipseek.files.text import without_surrogates

from ..errors import InvalidOption
from .clause_weights import MAX_CLAUSES
from .compose import MAX_WEIGHT, MIN_WEIGHT
from .limits import KINDS, MATCHES, MAX_CHARACTERS, MAX_HITS, MAX_PARTS, MAX_REACH, MAX_TERMS, MAX_UNWANTED_TERMS, TERM
from .pipelines import check_mean, check_pipeline_name

if TYPE_CHECKING:
    from .query import Query


def check_search(query: Query) -> None:
    """Raise InvalidOption for a kind, a number or a way to join scores that cannot be used, and where nothing is searched for."""
    wanted = bool(query.all_pictures or query.like)
    if not query.all_texts and not wanted:
        if query.unlike or query.unwanted:
            raise InvalidOption("only what is not wanted was given; say what is, in words, with --image or --like")
        raise InvalidOption("nothing to search for; give words, a picture with --image, or both")
    if query.kind is not None and query.kind not in KINDS:
        raise InvalidOption(f"kind {query.kind!r} is not known; choose one of {', '.join(KINDS)}")
    if query.kind in ("caption", "hybrid") and not query.all_texts:
        raise InvalidOption(f"a {query.kind} search needs words; give some, or search by --vector alone")
    if query.kind == "caption" and (wanted or query.unlike):
        raise InvalidOption("a caption search cannot use a picture; leave --image, --like, --unlike or --caption out")
    if query.match not in MATCHES:
        raise InvalidOption(f"match {query.match!r} is not known; choose one of {', '.join(MATCHES)}")
    check_mean(query.fusion, query.mean)
    for name, value in (
        ("weight", query.weight),
        ("text weight", query.text_weight),
        ("not weight", query.not_weight),
    ):
        if not 0 <= value <= 1:
            raise InvalidOption(f"{name} {value} is outside 0 to 1")
    if not 1 <= query.size <= MAX_HITS:
        raise InvalidOption(f"{query.size} hits cannot be asked for; choose 1 to {MAX_HITS}")
    if query.start < 0 or query.end > MAX_REACH:
        raise InvalidOption(
            f"hits {query.start + 1:,} to {query.end:,} cannot be reached; OpenSearch pages from 1 to {MAX_REACH:,}: "
            "narrow the search with --filter"
        )
    if query.candidates is not None and not query.end <= query.candidates <= MAX_REACH:
        raise InvalidOption(
            f"{query.candidates:,} candidates cannot be used; give at least the last hit's number, {query.end:,}, "
            f"and at most {MAX_REACH:,}"
        )
    if query.ef_search is not None and not 1 <= query.ef_search <= MAX_REACH:
        raise InvalidOption(f"ef_search {query.ef_search:,} cannot be used; give 1 to {MAX_REACH:,}")
    if query.pipeline is not None:
        check_pipeline_name(query.pipeline)
        if not query.fused:
            raise InvalidOption(
                f"a {query.resolved_kind} search has one clause and nothing to join; leave --pipeline out"
            )
    if query.min_cosine is not None:
        if query.resolved_kind == "caption":
            raise InvalidOption("a caption search has no cosines to cut at; leave --caption or --min-relevance out")
        if query.is_split:
            raise InvalidOption(
                "several vector clauses have no one cosine to cut at; leave --clauses or --min-relevance out"
            )
        if not -1 <= query.min_cosine <= 1:
            raise InvalidOption(f"cosine {query.min_cosine} is outside -1 to 1")


def check_parts(query: Query) -> None:
    """Raise InvalidOption for texts, pictures and ids that are too many, too long, or weigh nothing."""
    count = sum(map(len, (query.all_pictures, query.like, query.unlike, query.unwanted, query.texts)))
    if count > MAX_PARTS:
        raise InvalidOption(f"{count} texts, pictures and ids are too many; give at most {MAX_PARTS}")
    if "" in query.unwanted:
        raise InvalidOption("--not has no words; name what is not wanted, or leave it out")
    if sum(len(TERM.findall(text)) for text in query.unwanted) > MAX_UNWANTED_TERMS:
        raise InvalidOption(f"what is not wanted is too long; say it in {MAX_UNWANTED_TERMS} words at most")
    if any(not text or len(text) > MAX_CHARACTERS for text, _ in query.texts):
        raise InvalidOption(
            f"--text has no words, or more than {MAX_CHARACTERS:,} characters; give some, or leave it out"
        )
    if query.texts and sum(len(TERM.findall(text)) for text, _ in query.all_texts) > MAX_TERMS:
        raise InvalidOption(f"the texts are too long together; say it in {MAX_TERMS} words at most")
    if len(query.clause_weights) > MAX_CLAUSES:
        raise InvalidOption(
            f"{len(query.clause_weights)} clauses are too many: OpenSearch takes {MAX_CLAUSES}, the caption's included; leave "
            "some out, or leave --clauses out"
        )
    for name, _ in (*query.like, *query.unlike):
        if without_surrogates(name) != name:
            raise InvalidOption(f"{name[:80]!r} is no id; give one as clipseek search prints it")
    for part, weight in (*query.like, *query.unlike, *query.pictures, *query.texts):
        if not part:
            raise InvalidOption("an empty id or picture names nothing; give an id as clipseek search prints it")
        if not MIN_WEIGHT <= weight <= MAX_WEIGHT:
            raise InvalidOption(f"weight {weight} cannot be used; give {MIN_WEIGHT} to {MAX_WEIGHT}")
