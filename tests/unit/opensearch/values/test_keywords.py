from __future__ import annotations

import pytest
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.values.keywords import LONGEST, is_too_long, keyword


@pytest.mark.parametrize("character", ["a", "é", "東", "😀"])
def test_the_length_is_counted_in_utf_16_and_stays_below_lucenes_limit(character: str) -> None:
    units = len(character.encode("utf-16-le")) // 2
    longest = character * (LONGEST // units)
    assert not is_too_long(longest)
    assert is_too_long(longest + character)
    assert len(longest.encode()) <= 32_766


def test_the_mapping_has_this_length() -> None:
    properties = IndexOptions(fields={"set": "keyword"}).body(2, {})["mappings"]["properties"]
    assert properties["metadata"]["properties"]["set"]["ignore_above"] == LONGEST
    assert properties["image_uri"]["ignore_above"] == LONGEST


def test_what_json_cannot_carry() -> None:
    assert keyword("a\ud800") == "a?"
