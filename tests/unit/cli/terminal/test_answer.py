"""What a search prints, of answers made here."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clipseek.cli.terminal.answer import print_answer
from clipseek.opensearch.search.answer import Answer
from clipseek.opensearch.search.hits import Hit

from tests.plans import plan

BOTH = Hit(
    "a",
    "file:///a.jpg",
    "a red car",
    0.7,
    {"caption": 4.0, "vector": 1.2},
    {"caption": 0.3 / 0.7, "vector": 0.4 / 0.7},
    0.2,
    "a \ue000red\ue001 car",
    8,
    8,
    {},
)
ONE = Hit("b", "file:///b.jpg", "", 0.0007, {"vector": 0.8}, {"caption": 0.0, "vector": 1.0}, -0.25, "", 8, 8, {})
LOST = Hit("c", "file:///c.jpg", "", 0.0005, {"vector": 0.7}, {}, -0.3, "", 8, 8, {})
VECTOR = np.array([0.6, 0.8], np.float32)
NORMAL = {"caption": {"a": 1.0}, "vector": {"a": 0.4 / 0.7, "b": 0.001}}


def answer(*hits: Hit) -> Answer:
    return Answer(plan("red car", VECTOR, weight=0.7), list(hits), "i", 2, 9, 1, reachable=2, normal=NORMAL)


def test_explain_prints_every_sum(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(answer(BOTH, ONE, LOST), as_json=False, explain=True)
    assert capsys.readouterr().out.splitlines() == [
        "0.7000\ta\tfile:///a.jpg\ta red car",
        "    in the caption: red",
        "    clause   raw score      min_max  weight    adds  share",
        "    caption  bm25 4.0000     1.0000   0.300  0.3000    43%",
        "    vector   cosine 0.2000   0.5714   0.700  0.4000    57%",
        "    0.300 x 1.0000 + 0.700 x 0.5714 = 0.7000",
        "0.0007\tb\tfile:///b.jpg\t",
        "    clause   raw score              min_max  weight    adds  share",
        "    caption  has none of the words   0.0000   0.300  0.0000     0%",
        "    vector   cosine -0.2500          0.0010   0.700  0.0007   100%",
        "    0.300 x 0.0000 + 0.700 x 0.0010 = 0.0007",
        "0.0005\tc\tfile:///c.jpg\t",
        "    its sum is not known: its pipeline does something else",
    ]
    print_answer(replace(answer(LOST), normal={}), as_json=False, explain=True)
    assert capsys.readouterr().out.endswith("its sum is not known: leave --no-complete out to see it\n")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "has none of the words"),
        ({"match": "most"}, "has too few of the words"),
        ({"match": "all"}, "does not have all of the words"),
        ({"match": "phrase"}, "does not have the phrase"),
        ({"unwanted": ("boat",)}, "has none of the words, or is left out by --not"),
    ],
)
def test_a_caption_without_a_score_says_why(
    capsys: pytest.CaptureFixture[str], given: dict[str, Any], why: str
) -> None:
    print_answer(replace(answer(ONE), plan=plan("red car", VECTOR, **given)), as_json=False, explain=True)
    assert f"caption  {why}  " in capsys.readouterr().out


def test_a_picture_that_is_not_near_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    far = replace(BOTH, raw={"caption": 4.0}, shares={"caption": 1.0, "vector": 0.0}, cosine=None)
    print_answer(replace(answer(far), plan=plan("red car", VECTOR, complete=False)), as_json=False, explain=True)
    assert "    vector   not among the 200 nearest  " in capsys.readouterr().out


def test_explain_is_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(answer(BOTH), as_json=True, explain=True)
    (hit,) = json.loads(capsys.readouterr().out)["hits"]
    assert hit["terms"][0] == {
        "clause": "caption",
        "raw": 4.0,
        "cosine": None,
        "normalised": 1.0,
        "weight": pytest.approx(0.3),
        "added": pytest.approx(0.3),
        "share": pytest.approx(0.3 / 0.7),
    }
    print_answer(answer(BOTH), as_json=True, explain=False)
    assert "terms" not in json.loads(capsys.readouterr().out)["hits"][0]


def test_a_hash_is_short_in_a_terminal_and_whole_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = replace(BOTH, id="0123456789ab" + "c" * 52)
    for as_json in (False, True):
        print_answer(answer(hashed), as_json=as_json, explain=False)
        assert hashed.id in capsys.readouterr().out
    monkeypatch.setattr("clipseek.cli.terminal.answer.is_terminal", lambda stream: True)
    for explain in (False, True):
        print_answer(answer(hashed), as_json=False, explain=explain)
        out = capsys.readouterr().out
        assert "0123456789ab" in out
        assert "0123456789abc" not in out
