from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from clipseek.opensearch.errors import AccessRefused
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.left_out import with_left_out, with_whole_phrases

from tests.plans import plan

VERSION = Version("i-1", "i", "ab", 4, 1, analyzer="english")


@dataclass
class Analyzing:
    """Makes terms of all words but of "the" and "of" in captions, and of all in ``caption.exact``."""

    refuses: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def indices(self) -> Analyzing:
        return self

    def analyze(self, *, index: str, body: dict[str, Any]) -> dict[str, Any]:
        assert index == "i-1"
        self.asked.append(body["field"])
        if self.refuses:
            raise AccessRefused("no")
        units = body["text"].encode("utf-16-le").decode("utf-16-le")
        tokens = [
            {
                "start_offset": len(units[: it.start()].encode("utf-16-le")) // 2,
                "end_offset": len(units[: it.end()].encode("utf-16-le")) // 2,
            }
            for it in re.finditer(r"\w+", units)
            if body["field"] == "caption.exact" or it[0] not in ("the", "of")
        ]
        return {"tokens": tokens}


def phrase(client: Analyzing, text: str, **more: Any) -> tuple[bool | None, tuple[str, ...]]:
    query, notes = with_whole_phrases(client, VERSION, Query(text, **{"match": "phrase", **more}))  # type: ignore[arg-type]
    return query.exact, notes


def notes(client: Analyzing, text: str = "", **more: Any) -> tuple[str, ...]:
    made = plan(text, **{"kind": "caption", **more})
    return with_left_out(client, VERSION, Answer(made, [], "i-1", 0, 5, 1)).notes  # type: ignore[arg-type]


def test_a_phrase_with_a_left_out_word_is_as_it_is_written() -> None:
    said = "analyzer english leaves out 'of', 'the': the phrase is searched for as it is written (--exact)"
    assert phrase(Analyzing(), "🦊 bank of the 𐐀of, of") == (True, (said,))
    assert phrase(Analyzing(), "🦊 red car² _") == (None, ())


@pytest.mark.parametrize("more", [{"match": "all"}, {"match": None}, {"exact": True}, {"kind": "vector"}])
def test_no_other_search_is_asked_about(more: dict[str, Any]) -> None:
    client = Analyzing()
    assert phrase(client, "the of", **more) == (more.get("exact"), ())
    assert client.asked == []


def test_what_is_said_of_nothing_but_left_out_words() -> None:
    (said,) = notes(Analyzing(), "the of")
    assert said.startswith(
        "no caption can match 'the of': analyzer english leaves out all words of it; search for them"
    )
    assert notes(Analyzing(), "!!!", exact=True) == ("no caption can match '!!!': it has no words, only signs",)
    assert notes(Analyzing(), "the car") == ()
    assert notes(Analyzing(), texts=(("the", 1), ("car", 1))) != notes(Analyzing(), texts=(("a", 1), ("car", 1))) == ()


def test_a_user_who_may_not_ask_gets_the_answer_all_the_same() -> None:
    refused = Analyzing(refuses=True)
    assert notes(refused, "the of") == ()
    exact, said = phrase(refused, "bank of")
    assert exact is None
    assert said[0].endswith("(indices:admin/analyze): in a phrase, another word may stand in their place")
