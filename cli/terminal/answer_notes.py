"""What ``clipseek search`` says of an answer beside its hits: which of how many they are, counted values, and the cut-off."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .output import is_terminal

if TYPE_CHECKING:
    from clipseek.opensearch.search.answer import Answer
    from clipseek.opensearch.search.browse import Listing


def place(answer: Answer) -> str:
    """Which hits these are, of how many."""
    query, page = answer.query, answer.page
    if answer.hits:
        # How many groups there are is not known where the server makes them, nor how many candidates where not all came.
        known = bool(answer.normal) if query.fused else page.group_near or not page.group_duplicates
        end = page.start + len(answer.hits)
        last = ", the last" if page.start and end == answer.reachable else ""
        of = f" of {answer.reachable:,}{last}" if known else ""
        by = f" by {page.sort}, of {_matched(answer)}" if page.sort else ""
        pictures = f"{answer.documents:,} pictures, {answer.milliseconds} ms on the server"
        return f"hits {page.start + 1:,}-{end:,}{of}{by}, {pictures}"
    if page.start and answer.matched:
        most = "at most " if query.fused and not answer.normal else ""
        return f"no hits from {page.start + 1:,} on; there are {most}{answer.reachable:,}"
    return f"nothing found among {answer.documents:,} pictures"


def relevance(answer: Answer) -> list[str]:
    """What the cut-off did to these hits, if anything."""
    irrelevant = sum(hit.relevant is False for hit in answer.hits)
    if not irrelevant:
        return []
    where = "shown dim" if is_terminal(sys.stdout) else "left out"
    cut = f"the cut-off, cosine {answer.page.min_cosine:.3f}"
    if irrelevant == len(answer.hits):
        return [f"no good match: no hit reaches {cut} ({where})"]
    return [f"{irrelevant} of {len(answer.hits)} hits below {cut} ({where})"]


def by_text_alone(answer: Answer) -> list[str]:
    """That hits match by words in the picture alone, if any do."""
    alone = sum(hit.text_only for hit in answer.hits)
    return (
        [f"{alone} of {len(answer.hits)} hits match by words in the picture alone, not by the caption"] if alone else []
    )


def facet_lines(answer: Answer) -> list[str]:
    """The counted values of each facet."""
    query = answer.query
    counted = _matched(answer)
    if query.fused:
        near = f"the {answer.plan.nearest:,} nearest{' of each clause' if query.is_split else ''}"
        every = "all whose captions match, and " if query.resolved_kind == "hybrid" else ""
        counted = f"{answer.matched:,} pictures: {every}{near}"
    return counted_values(answer, counted)


def counted_values(found: Answer | Listing, over: str) -> list[str]:
    """A line for each facet, with its values and their numbers."""
    return [
        f"{name}, counted over {over}: " + (", ".join(f"{value} {number:,}" for value, number in values) or "no values")
        for name, values in found.facets.items()
    ]


def _matched(answer: Answer) -> str:
    """What the hits are a page of."""
    if answer.query.fused:
        return f"the {answer.reachable:,} candidates"
    by_caption = answer.query.resolved_kind == "caption"
    return f"the {answer.matched:,} " + ("pictures whose captions match" if by_caption else "nearest pictures")
