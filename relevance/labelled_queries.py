"""Held-out queries: words to search with, and which pictures of an index are right for them; and background queries, for which none
is.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clipseek.evaluation.judgments import Ints, caption_key, numbered
from clipseek.opensearch.errors import InvalidOption
from clipseek.sources.read import read_records


@dataclass(frozen=True)
class LabelledQuery:
    """A query and its right answers.

    ``grades``: id of a right picture to how right it is, 1 or more. ``own``: the picture that the words come from, if any, and
    ``alike`` the others of its group. ``excluded``: pictures that are left out of every search for this query.
    """

    name: str
    words: str
    group: str
    grades: Mapping[str, int]
    own: str | None = None
    alike: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def read_pairs(
    source: Path,
    *,
    query_column: str = "caption",
    group_column: str = "group",
    others: bool = False,
    most: int | None = None,
) -> list[LabelledQuery]:
    """Every row of a manifest as a query for its picture and for those of its group; with ``others`` its own picture is left out of
    the search, and only the others of its group are right.

    Rows without id or words, and those with no right answer, are skipped; more than ``most`` are sampled. Raises the
    errors of ``clipseek.sources``.
    """
    records = [
        record
        for record in read_records(source, group_column=group_column, caption_column=query_column)
        if record.id and record.caption.strip()
    ]
    groups = [record.group or f"\0{record.id}" for record in records]
    members: dict[str, list[str]] = {}
    for record, group in zip(records, groups, strict=True):
        members.setdefault(group, []).append(str(record.id))
    queries = []
    rows_of = dict.fromkeys((str(record.id) for record in records), 0)
    for record, group in zip(records, groups, strict=True):
        own = str(record.id)
        rows_of[own] += 1
        alike = tuple(dict.fromkeys(name for name in members[group] if name != own))
        if right := alike if others else (own, *alike):
            name = own if rows_of[own] == 1 else f"{own}#{rows_of[own]}"
            grades = dict.fromkeys(right, 1)
            queries.append(LabelledQuery(name, record.caption, group, grades, own, alike, (own,) if others else ()))
    return _sampled(queries, most)


def read_topics(topics: Path, qrels: Mapping[str, Mapping[str, int]], most: int | None = None) -> list[LabelledQuery]:
    """Queries of a file of lines ``query id <tab> words``, with the right answers of ``qrels`` (query id to id to grade).

    Queries without a right answer are skipped, more than ``most`` are sampled. Raises InvalidOption for a file of another form.
    """
    queries = []
    for number, line in enumerate(_lines(topics, "query id, tab, words"), 1):
        if not line.strip():
            continue
        name, tab, words = line.partition("\t")
        if not tab or not name.strip() or not words.strip():
            raise InvalidOption(f"{topics}:{number} is not query id, tab, words: {line[:80]!r}")
        grades = {picture: grade for picture, grade in qrels.get(name.strip(), {}).items() if grade > 0}
        if grades:
            queries.append(LabelledQuery(name.strip(), words.strip(), f"\0{name}", grades))
    return _sampled(queries, most)


def read_background(source: Path, *, query_column: str, group_column: str, most: int) -> list[LabelledQuery]:
    """The captions of a manifest, or the lines of a ``.txt`` file, each once; more than ``most`` are sampled.

    Raises InvalidOption for a text file that cannot be read, and the errors of ``clipseek.sources``.
    """
    if source.suffix.lower() != ".txt":
        queries = read_pairs(source, query_column=query_column, group_column=group_column)
    else:
        lines = [line.strip() for line in _lines(source, "a query each")]
        queries = [LabelledQuery(line, line, "\0", {}) for line in lines if line]
    return _sampled(list({caption_key(query.words): query for query in queries}.values()), most)


def in_index(queries: Sequence[LabelledQuery], stored: Collection[str]) -> list[LabelledQuery]:
    """The queries with only the right answers among the ids ``stored``, without the queries that have none left."""
    kept = []
    for query in queries:
        grades = {name: grade for name, grade in query.grades.items() if name in stored}
        if grades:
            own = query.own if query.own in stored else None
            alike = tuple(name for name in query.alike if name in stored)
            kept.append(replace(query, grades=grades, own=own, alike=alike))
    return kept


def groups_of(queries: Sequence[LabelledQuery]) -> Ints:
    """(Q,) int64: equal numbers for queries of one group; of those without a group, for those of equal words."""
    return numbered([q.group if q.group[0] != "\0" else caption_key(q.words) for q in queries])


def _lines(source: Path, form: str) -> list[str]:
    try:
        return source.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidOption(f"{source} cannot be read ({problem}); give lines of {form}") from None


def _sampled(queries: list[LabelledQuery], most: int | None) -> list[LabelledQuery]:
    return queries if most is None or len(queries) <= most else random.Random(0).sample(queries, most)
