from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.relevance.labelled_queries import LabelledQuery, in_index, read_pairs, read_topics


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    lines = ["id\timage\tcaption\tgroup", "a\ta.png\ta cat\tcat", "b\tb.png\ttwo cats\tcat", "c\tc.png\ta dog\tdog"]
    lines += ["d\td.png\t \tdog", "\te.png\tno id\tdog", "a\ta2.png\ta cat again\tcat"]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path / "pairs.tsv"


def test_rows_are_queries_for_their_group(pairs: Path) -> None:
    found = read_pairs(pairs)
    assert [(one.name, one.words, list(one.grades), one.alike, one.excluded) for one in found] == [
        ("a", "a cat", ["a", "b"], ("b",), ()),
        ("b", "two cats", ["b", "a"], ("a",), ()),
        ("c", "a dog", ["c"], (), ()),
        ("a#2", "a cat again", ["a", "b"], ("b",), ()),
    ]


def test_with_others_the_own_picture_is_kept_out(pairs: Path) -> None:
    found = read_pairs(pairs, others=True)
    assert [(one.name, list(one.grades), one.excluded) for one in found] == [
        ("a", ["b"], ("a",)),
        ("b", ["a"], ("b",)),
        ("a#2", ["b"], ("a",)),
    ]
    assert read_pairs(pairs, most=2) == read_pairs(pairs, most=2)
    assert len(read_pairs(pairs, most=2)) == 2


def test_topics_have_the_right_answers_of_their_judgments(tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("1\ta red cat\n2\tnothing right\n\n3\tunjudged\n")
    found = read_topics(tmp_path / "topics.tsv", {"1": {"a": 2, "b": 0}, "2": {"c": 0}})
    assert [(one.name, one.words, one.grades, one.own) for one in found] == [("1", "a red cat", {"a": 2}, None)]
    (tmp_path / "bad.tsv").write_text("1\ta\nwords alone\n")
    with pytest.raises(InvalidOption, match=r"bad\.tsv:2 is not query id, tab, words"):
        read_topics(tmp_path / "bad.tsv", {})


def test_only_what_is_in_the_index_can_be_right() -> None:
    judged = [LabelledQuery("1", "x", "g", {"a": 1, "b": 1}, "a", ("b",)), LabelledQuery("2", "y", "h", {"c": 1}, "c")]
    assert in_index(judged, {"b"}) == [LabelledQuery("1", "x", "g", {"b": 1}, None, ("b",))]
