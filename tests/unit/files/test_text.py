from __future__ import annotations

from clipseek.files.text import reason_of, without_surrogates


def test_a_reason_is_one_short_line() -> None:
    assert reason_of(ValueError("two\n  lines\tof it")) == "two lines of it"
    assert len(reason_of(ValueError("x" * 5000))) == 200
    assert reason_of(ValueError()) == "ValueError"


def test_lone_surrogates_become_question_marks() -> None:
    assert without_surrogates("a\udcffb") == "a?b"
    assert without_surrogates("ä😀") == "ä😀"
