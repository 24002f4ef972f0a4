from __future__ import annotations

import json

import pytest
from clipseek.cli.terminal.output import count, duration, plain_table, print_json, print_table


def test_words_for_numbers() -> None:
    assert [count(1, "picture"), count(1234, "picture"), count(2, "match", "matches")] == [
        "1 picture",
        "1,234 pictures",
        "2 matches",
    ]
    assert [duration(value) for value in (0.04, 9.94, 9.96, 59.4, 59.6, 185, 7620)] == [
        "0.0 s",
        "9.9 s",
        "10 s",
        "59 s",
        "1 min 00 s",
        "3 min 05 s",
        "2 h 07 min",
    ]


def test_a_table_in_a_pipe_is_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["name     n", "a\tb".replace("\t", " ") + "      3", "longer  12"]
    assert plain_table(["name", "n"], [["a\nb", "3"], ["longer", "12"]], right=["n"]) == lines
    print_table(["name", "n"], [["[red]", "3"]])
    assert capsys.readouterr().out == "name   n\n[red]  3\n"


def test_a_drawn_table_does_not_take_brackets_for_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipseek.cli.terminal.output.is_terminal", lambda stream: True)
    print_table(["caption"], [["[red]a[/red] x"]])
    assert "[red]a[/red] x" in capsys.readouterr().out


def test_json_in_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "größe", "b": [1]})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "größe" in out
    assert json.loads(out) == {"a": "größe", "b": [1]}
