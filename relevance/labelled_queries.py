"""Held-out queries: what is asked, and which pictures of an index are right for it."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clipseek.opensearch.errors import InvalidOption
from clipseek.sources.read import read_records


@dataclass(frozen=True)
class Judged:
    """A query and its right answers.

    ``grades``: id of a right picture to how right it is, 1 or more. ``own``: the picture that the words come from, if any, and
    ``alike`` the others of its group. ``without``: pictures that no search for this query may bring.
    """

    name: str
    words: str
    group: str
    grades: Mapping[str, int]
    own: str | None = None
    alike: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def right(self) -> list[str]:
        return list(self.grades)


def read_pairs(
    source: Path,
    *,
    query_column: str = "caption",
    group_column: str = "group",
    others: bool = False,
    most: int | None = None,
    seed: int = 0,
) -> list[Judged]:
    """Every row of a manifest as a query for its picture and for those of its group; with ``others`` its own picture is left out of
    the search, and only the others of its group are right.

    Rows without id or words, and with nothing right, are passed over; of more than ``most``, so many are drawn by ``seed``. Raises
    the errors of ``clipseek.sources``.
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
    found, seen = [], dict.fromkeys((str(record.id) for record in records), 0)
    for record, group in zip(records, groups, strict=True):
        own = str(record.id)
        seen[own] += 1
        alike = tuple(dict.fromkeys(name for name in members[group] if name != own))
        if right := alike if others else (own, *alike):
            name = own if seen[own] == 1 else f"{own}#{seen[own]}"
            grades = dict.fromkeys(right, 1)
            found.append(Judged(name, record.caption, group, grades, own, alike, (own,) if others else ()))
    return found if most is None or len(found) <= most else random.Random(seed).sample(found, most)


def read_topics(topics: Path, qrels: Mapping[str, Mapping[str, int]]) -> list[Judged]:
    """Queries of a file of lines ``query id <tab> words``, with the right answers of ``qrels`` (query id to id to grade).

    Queries without a right answer are passed over. Raises InvalidOption for a file that is not so.
    """
    try:
        lines = topics.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidOption(f"{topics} cannot be read ({problem}); give lines of query id, tab, words") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, tab, words = line.partition("\t")
        if not tab or not name.strip() or not words.strip():
            raise InvalidOption(f"{topics}:{number} is not query id, tab, words: {line[:80]!r}")
        grades = {picture: grade for picture, grade in qrels.get(name.strip(), {}).items() if grade > 0}
        if grades:
            found.append(Judged(name.strip(), words.strip(), f"\0{name}", grades))
    return found


def in_index(judged: Sequence[Judged], there: Collection[str]) -> list[Judged]:
    """The queries with only such right answers as are ``there``, without those that have none left."""
    kept = []
    for one in judged:
        grades = {name: grade for name, grade in one.grades.items() if name in there}
        if grades:
            own = one.own if one.own in there else None
            kept.append(replace(one, grades=grades, own=own, alike=tuple(n for n in one.alike if n in there)))
    return kept
