"""Words of a query that the index's analyzer leaves out, like "the" of English: what is searched for instead, and what is said.

The server is asked only about a phrase, and where no hit came by its caption: other searches send no request for it.
"""

from __future__ import annotations

import re
from dataclasses import replace

import opensearchpy

from ..errors import AccessRefused
from ..index.version import Version
from ..query.clauses import caption_field
from ..query.limits import CAPTION
from ..query.query import Query
from .answer import Answer

_REFUSED = "this user may not ask which words the index's analyzer leaves out (indices:admin/analyze)"
_WORD = re.compile(r"[^\W_]+")


def with_whole_phrases(
    client: opensearchpy.OpenSearch, version: Version, query: Query
) -> tuple[Query, tuple[str, ...]]:
    """``query``, and a note. A phrase with words that the analyzer leaves out is searched for as it is written, in
    ``caption.exact``, which has every word: in the other field, any word would do in their place.
    """
    if query.match != "phrase" or query.exact or CAPTION not in query.clause_names:
        return query, ()
    try:
        gone = [word for text, _ in query.all_texts for word in _left_out(client, version, caption_field(query), text)]
    except AccessRefused:
        return query, (f"{_REFUSED}: in a phrase, another word may stand in their place",)
    if not gone:
        return query, ()
    words = ", ".join(map(repr, dict.fromkeys(gone)))
    note = f"analyzer {version.analyzer} leaves out {words}: the phrase is searched for as it is written (--exact)"
    return replace(query, exact=True), (note,)


def with_left_out(client: opensearchpy.OpenSearch, version: Version, answer: Answer) -> Answer:
    """``answer``, with a note where no caption could match because nothing is left of the words."""
    query = answer.query
    if CAPTION not in query.clause_names or any(CAPTION in hit.raw for hit in answer.hits):
        return answer
    try:
        gone = [text for text, _ in query.all_texts if not _terms(client, version, caption_field(query), text)]
        written = not query.exact and any(_terms(client, version, "caption.exact", text) for text in gone)
    except AccessRefused:
        return answer  # what was found is right, with and without a note
    if not gone:
        return answer
    why = f"analyzer {version.analyzer} leaves out all words of it; search for them as they are written with --exact"
    none = f"no caption can match {', '.join(map(repr, gone))}: {why if written else 'it has no words, only signs'}"
    every = query.match in ("all", "phrase") or len(gone) == len(query.all_texts)
    alone = "; the vector ranks alone" if every and query.resolved_kind == "hybrid" else ""
    return replace(answer, notes=(*answer.notes, none + alone))


def _left_out(client: opensearchpy.OpenSearch, version: Version, field: str, text: str) -> list[str]:
    """The words of ``text`` of which ``field`` makes no term."""
    units = bytearray(text.encode("utf-16-le"))  # the server counts characters so
    for first, last in _terms(client, version, field, text):
        units[2 * first : 2 * last] = " ".encode("utf-16-le") * (last - first)
    words = _WORD.findall(units.decode("utf-16-le", "replace"))
    return [word for word in words if any(it.isalpha() or it.isdecimal() for it in word)]  # no "²", which no field has


def _terms(client: opensearchpy.OpenSearch, version: Version, field: str, text: str) -> list[tuple[int, int]]:
    """Where in ``text`` the terms are that ``field`` makes of it, from the first to behind the last of its UTF-16 units."""
    found = client.indices.analyze(index=version.index, body={"field": field, "text": text})
    return [(int(token["start_offset"]), int(token["end_offset"])) for token in found["tokens"]]
