"""A file of synonyms: what is read, what is refused line by line, and what is sent for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.words.synonyms import digest, read_synonyms


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "words.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_rules_are_read_without_comments(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff# ours\n car,  automobile \n\ntv, telly => television set\r\n")
    assert read_synonyms(path) == ("car, automobile", "tv, telly => television set")
    assert digest(read_synonyms(path)) != digest(("car, automobile",))
    assert digest(()) == ""
    assert read_synonyms(written(tmp_path, "cafe\u0301, bistro")) == ("café, bistro",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("car, auto\ncar\n", r"line 2: 'car' has one word only; write a rule like"),
        ("a =>", r"line 1: 'a =>' has nothing on one side of =>"),
        ("=> b", "has nothing on one side of =>"),
        ("a => b => c", "has more than one =>"),
        ("a,,b", "has two commas with no word between them"),
        (",", "has no word"),
        ("a\\,b, c", "has a backslash"),
        ("a\x00, b", "has a character that cannot be printed"),
        ("# nothing\n", "has no synonyms"),
        (b"caf\xe9, cafe", "are not UTF-8"),
        ("a, b\n" * 10_001, "has 10,001 rules"),
    ],
)
def test_the_first_line_that_is_no_rule_is_named(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        read_synonyms(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="cannot be read"):
        read_synonyms(tmp_path / "none.txt")


def test_only_what_is_searched_for_knows_them() -> None:
    usual = IndexOptions().body(4, {})
    sent = IndexOptions(synonyms=("car, automobile",)).body(4, {})
    made = sent["settings"]["index"]["analysis"]
    searched = made["analyzer"].pop("caption_search")
    assert [made["filter"].get(name, name) for name in searched["filter"]] == [
        {"type": "stemmer", "language": "possessive_english"},
        "lowercase",
        {"type": "stop", "stopwords": "_english_"},
        "cjk_width",
        {"type": "asciifolding", "preserve_original": False},
        {"type": "stemmer", "language": "english"},
        {"type": "synonym_graph", "synonyms": ["car, automobile"]},
    ]
    for kind in ("filter", "char_filter"):
        made[kind] = {name: step for name, step in made[kind].items() if not name.startswith("caption_search")}
    assert sent["mappings"]["properties"]["caption"].pop("search_analyzer") == "caption_search"
    assert sent == usual
    with pytest.raises(InvalidOption, match="analyzer polish takes no synonyms here; use --analyzer with one of"):
        IndexOptions(analyzer="polish", synonyms=("a, b",))
