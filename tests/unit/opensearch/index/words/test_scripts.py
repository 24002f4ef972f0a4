from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.opensearch.index.words.scripts import SAMPLE, advice, advised
from clipseek.sources import MalformedSource, Record, Skipped

ENGLISH = ["a red car", "two boats on a lake", "trees"]


@pytest.mark.parametrize(
    ("caption", "analyzer"),
    [
        ("赤い車", "cjk"),
        ("红色的汽车", "cjk"),
        ("빨간 자동차", "cjk"),
        ("ﾃｽﾄ", "cjk"),
        ("𠮷野家", "cjk"),
        ("红色的汽车 red car", "cjk"),
        ("แมวและสุนัข", "thai"),
        ("a red car", ""),
        ("красная машина", ""),
        ("an inscription in small letters that reads 東京", ""),
        ("Ünïcödé 123 🦊", ""),
        ("", ""),
    ],
)
def test_the_script_decides(caption: str, analyzer: str) -> None:
    said = advice([caption] * 3, "english")
    assert said.endswith(f"use --analyzer {analyzer}") if analyzer else said == ""
    assert "\n" not in said
    assert advice([caption] * 3, analyzer or "german") == ""
    assert advice([caption] * 3, "kuromoji") == ""  # a plugin's, chosen by one who knows
    assert (advice([caption, *ENGLISH], "english"), advice([], "english")) == ("", "")


@pytest.mark.parametrize(("number", "said"), [(33, False), (34, True), (100, True)])
def test_a_third_of_the_captions_is_enough(number: int, said: bool) -> None:
    found = advice([*["東京の猫"] * number, *["a cat"] * (100 - number)], "standard")
    assert found.startswith(f"{number} of the first 100 captions are in Chinese, Japanese or Korean") == said


def test_no_entry_is_lost() -> None:
    records = [Record(str(number), Path("a.png"), ("猫",)) for number in range(SAMPLE + 5)]
    entries: list[Record | Skipped] = [Skipped(Path("x"), "kind", "why"), *records]
    every, said = advised(iter(entries), "english")
    assert said.startswith(f"{SAMPLE - 1} of the first {SAMPLE - 1} captions")
    assert list(every) == entries


def test_a_source_that_breaks_off_does_so_where_it_did() -> None:
    def broken() -> Iterator[Record | Skipped]:
        yield Record("1", Path("a.png"), ("猫",))
        raise MalformedSource("line 2")

    every, said = advised(broken(), "english")
    assert said.startswith("1 of the first 1 captions")
    assert next(every) == Record("1", Path("a.png"), ("猫",))
    with pytest.raises(MalformedSource, match="line 2"):
        next(every)
