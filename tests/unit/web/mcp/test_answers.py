"""Answers stay short, and say what was cut."""

from __future__ import annotations

from typing import Any

from clipseek.web.api.answer import FacetsAnswer, FacetValue, HitAnswer, SearchAnswer, Took
from clipseek.web.mcp.answers import count_answer, found_answer, look_answer


def hit(rank: int, **changed: Any) -> HitAnswer:
    whole: dict[str, Any] = {name: None for name in HitAnswer.model_fields}
    whole |= {
        "rank": rank,
        "id": f"p{rank}",
        "uri": "file:///p.png",
        "caption": "a thing",
        "score": 0.5,
        "cosine": 0.25,
    }
    whole |= {
        "raw": {},
        "shares": {"caption": 0.25, "vector": 0.75},
        "marks": [],
        "text": "",
        "text_marks": [],
        "text_only": False,
        "metadata": {},
    }
    return HitAnswer(**{**whole, **changed})


def answer(*hits: HitAnswer, **changed: Any) -> SearchAnswer:
    whole: dict[str, Any] = {
        "index": "icons-1",
        "documents": 90,
        "matched": 50,
        "facets": {},
        "reachable": 40,
        "start": 0,
    }
    whole |= {
        "took": Took(total_ms=1, server_ms=1),
        "complete": True,
        "kind": "hybrid",
        "fusion": None,
        "cutoff": None,
        "search": None,
    }
    return SearchAnswer(**{**whole, "notes": [], "hits": list(hits), **changed})


def test_a_hit_says_why_it_is_there() -> None:
    found = found_answer("icons", answer(hit(1, relevant=False, width=8, height=4, metadata={"set": "a", "n": 2})))
    assert found.told().splitlines() == [
        "50 of 90 pictures in icons match (hybrid); the next page has start 1.",
        "1. p1 (8 x 4): a thing; set=a; n=2 [score 0.500, cosine 0.250, caption 25%, vector 75%, not relevant]",
    ]


def test_the_last_page_has_no_next() -> None:
    assert found_answer("icons", answer(hit(39), hit(40), start=38)).next_start is None
    assert found_answer("icons", answer(start=40)).next_start is None
    assert found_answer("icons", answer(hit(38), start=37)).next_start == 38


def test_fifty_hits_of_any_captions_and_fields_are_bounded() -> None:
    metadata = {f"field{at}": "x" * 5000 for at in range(300)} | {"deep": {"list": ["y" * 9000]}}
    found = found_answer("icons", answer(*(hit(at, caption="w" * 100_000, metadata=metadata) for at in range(1, 51))))
    assert len(found.model_dump_json()) < 150_000
    assert len(found.told()) < 150_000
    first = found.hits[0]
    assert first.caption.endswith(" …")
    assert first.metadata["field0"].endswith("x …")
    assert first.metadata["…"] == f"{301 - (len(first.metadata) - 1)} more fields"


def test_short_values_stay_what_they_are() -> None:
    metadata = {"n": 3, "list": ["a", "b"], "flag": True, "none": None}
    assert look_answer(hit(1, metadata=metadata), 8, 8, 99).metadata == metadata


def test_counts_are_told_in_a_line_of_each_field() -> None:
    values = [FacetValue(value="lucide", count=1200), FacetValue(value="z" * 999, count=1)]
    counted = count_answer("icons", FacetsAnswer(index="icons-1", documents=9, matched=5, facets={"set": values}))
    assert counted.told() == f"5 of 9 pictures in icons match.\nset: lucide (1,200), {'z' * 200} … (1)"
