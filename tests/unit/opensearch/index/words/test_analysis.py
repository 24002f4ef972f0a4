from __future__ import annotations

from typing import Any

import pytest
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.words.analysis import ANALYZERS, analysis, steps

FOLDED = {"type": "asciifolding", "preserve_original": True}


def filters(made: dict[str, Any], name: str) -> list[Any]:
    return [made["filter"].get(step, step) for step in made["analyzer"][name]["filter"]]


@pytest.mark.parametrize("analyzer", ANALYZERS)
def test_every_analyzer_folds_before_it_stems_and_after_its_stop_words(analyzer: str) -> None:
    done = filters(analysis(analyzer), "caption")
    kinds = [step["type"] if isinstance(step, dict) else step for step in done]
    assert kinds.count("asciifolding") == 1
    assert (kinds[kinds.index("asciifolding") - 1], kinds[-1]) == ("cjk_width", "remove_duplicates")
    assert done[kinds.index("asciifolding")] == FOLDED
    stems = [place for place, step in enumerate(done) if step == {"type": "stemmer", "language": analyzer}]
    assert all(place > kinds.index("asciifolding") for place in stems)
    assert all(place < kinds.index("asciifolding") for place, kind in enumerate(kinds) if kind == "stop")
    width = kinds.index("asciifolding") - 1
    plain = filters(analysis(analyzer, folding=False), "caption")
    assert plain == [*done[:width], *done[width + 2 : -1]]


def test_the_exact_field_has_every_word_of_the_same_tokenizer() -> None:
    for analyzer in ANALYZERS:
        made = analysis(analyzer)
        assert filters(made, "caption_exact") == ["lowercase", "cjk_width", FOLDED, "remove_duplicates"]
        assert made["analyzer"]["caption_exact"]["tokenizer"] == ("thai" if analyzer == "thai" else "standard")
        assert len(made["analyzer"]["caption_exact"]["char_filter"]) == (2 if analyzer == "persian" else 1)


def test_an_analyzer_of_the_servers_own_is_used_as_it_is() -> None:
    body = IndexOptions(analyzer="kuromoji").body(4, {})
    assert body["mappings"]["properties"]["caption"]["analyzer"] == "kuromoji"
    assert body["mappings"]["properties"]["caption"]["fields"]["exact"]["analyzer"] == "caption_exact"
    assert list(body["settings"]["index"]["analysis"]["analyzer"]) == ["caption_exact"]
    assert IndexOptions().body(4, {})["mappings"]["properties"]["caption"]["analyzer"] == "caption"


def test_no_step_is_one_that_the_others_change() -> None:
    steps("english")["filter"].clear()
    assert steps("english")["filter"]
