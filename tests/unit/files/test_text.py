from __future__ import annotations

from clipseek.files.text import aligned, reason_of, without_surrogates


def test_a_reason_is_one_short_line() -> None:
    assert reason_of(ValueError("two\n  lines\tof it")) == "two lines of it"
    assert len(reason_of(ValueError("x" * 5000))) == 200
    assert reason_of(ValueError()) == "ValueError"


def test_lone_surrogates_become_question_marks() -> None:
    assert without_surrogates("a\udcffb") == "a?b"
    assert without_surrogates("ä😀") == "ä😀"


def test_a_table_is_aligned() -> None:
    rows = [["one\ntwo", "3"], ["a", "12,345"]]
    assert aligned(["name", "n"], rows, right=[1]) == ["name          n", "one two       3", "a        12,345"]
    assert aligned(["name", "n"], rows, right=[], rule=True)[:2] == ["name     n", "-------  ------"]
    assert aligned(["name"], [], right=[]) == ["name"]
