"""A hit: a picture, and why it is there, in numbers and in words. Pure; reads what the server answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from ..errors import ServerError
from ..index.columns import shown
from ..query.limits import CAPTION, MARKS, TEXT, VECTOR
from ..query.plan import Plan
from ..query.vectors import Vector

#: What the server leaves out at both ends of a caption with marks: Java's trim.
_TRIMMED = "".join(map(chr, range(33)))


@dataclass(frozen=True)
class Hit:
    """One picture that a search brought.

    ``score`` is what ranked it. ``raw`` holds each clause's own score where the clause found the picture: BM25 for the caption,
    1 + cosine for the vector. ``shares`` is each clause's part of ``score``, summing to 1; a clause that found the picture only
    beyond its candidates (``Fusion.depth``) has a raw score and the share 0. Without ``Fusion.complete`` ``shares`` is empty
    unless all candidates came: for a page that is sorted or grouped here, or holds them all. ``cosine`` is the vectors' own
    similarity, ``None`` where the vector clause did not find the picture. ``marked`` is the caption as the server marked it
    (``limits.MARKS``), and ``marks`` the (start, end) of its matched words. ``text`` are the words that were read in the picture
    (``ingest --ocr``), ``text_marked`` and ``text_marks`` likewise; ``text_score`` is their part of the caption clause's own score,
    ``None`` where that is not known or none.
    ``relevant``: whether its cosine reaches ``Page.min_cosine``, ``None`` without one. ``part``: which tile, page, frame or
    slice of its file it is (``Part.as_dict``), ``None`` where it is all of it.
    """

    id: str
    uri: str
    caption: str
    score: float
    raw: Mapping[str, float]
    shares: Mapping[str, float]
    cosine: float | None
    marked: str
    width: int | None
    height: int | None
    metadata: Mapping[str, Any]
    relevant: bool | None = None
    text: str = ""
    text_marked: str = ""
    text_score: float | None = None
    part: Mapping[str, Any] | None = None

    @cached_property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """(start, end) in ``caption`` of each matched word; computed at first use, since few look at every hit."""
        return read_marks(self.caption, self.marked)

    @cached_property
    def text_marks(self) -> tuple[tuple[int, int], ...]:
        """``marks`` of ``text``."""
        return read_marks(self.text, self.text_marked)

    @property
    def text_only(self) -> bool:
        """Whether of the words none matched in the caption, and some in the picture."""
        return bool(self.text_marks) and not self.marks

    def pieces(self) -> list[tuple[str, bool]]:
        """The caption in pieces, in order, each with whether it matched."""
        return in_pieces(self.caption, self.marks)

    def text_pieces(self) -> list[tuple[str, bool]]:
        """The text in the picture likewise."""
        return in_pieces(self.text, self.text_marks)


def in_pieces(text: str, marks: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """``text`` in pieces, in order, each with whether it is marked."""
    pieces: list[tuple[str, bool]] = []
    done = 0
    for start, end in marks:
        pieces += [(text[done:start], False), (text[start:end], True)]
        done = end
    return [(piece, marked) for piece, marked in [*pieces, (text[done:], False)] if piece]


def read_hits(
    plan: Plan,
    rows: Sequence[Mapping[str, Any]],
    added: Mapping[str, Mapping[str, float]],
    vectors: Mapping[str, Vector],
) -> list[Hit]:
    """The hits in the rows of an answer.

    added: of each hit of several clauses, by id, what each clause added to its score; empty where that is not known.
    vectors: (D,) unit vectors of the hits that the vector clause did not bring, by id; for a cut-off alone.

    Raises ServerError for a score that is none.
    """
    hits = []
    for row in rows:
        alone = len(plan.clauses) == 1
        hit = read_hit(row, dict.fromkeys(plan.clauses, row["_score"]) if alone else added.get(row["_id"]), VECTOR)
        if isinstance(plan.page.min_cosine, (int, float)) and plan.vector is not None:
            near = float(plan.vector @ vectors[hit.id]) if hit.cosine is None else hit.cosine
            hit = replace(hit, cosine=near, relevant=near >= plan.page.min_cosine)
        hits.append(hit)
    return hits if plan.order is not None else words_first(hits, CAPTION)


def words_first(hits: Sequence[Hit], caption: str) -> list[Hit]:
    """The hits; of those in a row that score the same, the ones first of whose score the clause ``caption`` brought more.

    The best of each clause is 1 before its weight: what only the words found and what only the vector found tie at the top of
    every hybrid with equal weights, and the server leaves such two in the order in which they were stored.
    """
    runs = groupby(hits, key=lambda hit: hit.score)
    return [hit for _, run in runs for hit in sorted(run, key=lambda hit: -_brought(hit, caption))]


def _brought(hit: Hit, clause: str) -> float:
    """The clause's share of the hit; where shares are not known, whether it found the hit."""
    return hit.shares.get(clause, 0.0) if hit.shares else float(clause in hit.raw)


def read_hit(row: Mapping[str, Any], added: Mapping[str, float] | None, vector: str) -> Hit:
    """The hit in one row of the answer. ``added``: what each clause added to the score, or ``None`` where that is not known;
    ``vector``: the vector clause's name. Raises ServerError for a score that is none.
    """
    source, score, named = row["_source"], row["_score"], row.get("matched_queries")
    if not isinstance(score, (int, float)) or not score >= 0:
        # What OpenSearch answers to a hybrid whose pipeline did not run: -9549512000 and the like, and no error.
        raise ServerError(
            f"the server scored {row['_id']} {score}, which is no score: its search pipeline did not run. Search with --vector or "
            "--caption, and look whether its plugin neural-search works"
        )
    raw = {name: float(value) for name, value in named.items()} if isinstance(named, dict) else {}
    text_score = raw.pop(TEXT, None)
    marked = {name.partition(".")[0]: pieces[0] for name, pieces in row.get("highlight", {}).items()}
    return Hit(
        id=str(row["_id"]),
        uri=str(source.get("image_uri") or ""),
        caption=str(source.get("caption") or ""),
        score=float(score),
        raw=raw,
        shares=_shares(added, float(score)),
        cosine=cosine(raw[vector]) if vector in raw else None,
        marked=marked.get("caption", ""),
        width=source.get("width"),
        height=source.get("height"),
        metadata=shown(source.get("metadata") or {}),
        text=str(source.get("text") or ""),
        text_marked=marked.get("text", ""),
        text_score=text_score,
        part=source.get("part"),
    )


def cosine(score: float) -> float:
    """Of two unit vectors, from the engine's score of their inner product: 1 + cosine, and 1 / (1 - cosine) below zero."""
    return score - 1 if score >= 1 else 1 - 1 / score if score > 0 else -1.0


def read_marks(caption: str, marked: str) -> tuple[tuple[int, int], ...]:
    """(start, end) in ``caption`` of what the server marked; none where the marks cannot be told from the caption."""
    first, last = MARKS
    pieces = marked.split(first)
    if len(pieces) == 1 or marked.replace(first, "").replace(last, "") != caption.strip(_TRIMMED):
        return ()
    marks: list[tuple[int, int]] = []
    start = len(caption) - len(caption.lstrip(_TRIMMED)) + len(pieces[0])
    for piece in pieces[1:]:
        length = piece.find(last)
        if length < 0:  # not as the server marks
            return ()
        marks.append((start, start + length))
        start += len(piece) - 1
    return tuple(marks)


def _shares(added: Mapping[str, float] | None, score: float) -> dict[str, float]:
    if added is None:
        return {}
    total = sum(added.values())
    # The server adds in single precision. A larger difference means that it fused other candidates than we know of.
    if abs(total - score) > 1e-5:
        return {}
    return {name: value / total if total else 0.0 for name, value in added.items()}
