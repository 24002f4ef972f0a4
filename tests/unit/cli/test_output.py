from __future__ import annotations

import io
import json

import pytest
from clipseek.cli.output import count, duration, plain_table, print_json, print_table
from clipseek.cli.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bar_redraws_itself_in_a_terminal() -> None:
    stream, clock = Terminal(), Clock()
    with ProgressLine("ingest", 200, stream, clock) as line:
        for done in range(1, 101):
            clock.now += 1 / 16
            line.update(done, "9 pictures/s")
    text = stream.getvalue()
    # Every tenth of a second, not every picture.
    assert text.count("ingest") == 50
    assert "\n" not in text
    assert "\ringest [############            ] 100/200 (50%)  9 pictures/s, 6.2 s left" in text
    assert text.endswith("\r")


def test_plain_lines_every_few_seconds_elsewhere() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressLine("ingest", None, stream, clock) as line:
        for done in range(1, 1501):
            clock.now += 1 / 128
            line.update(done, "5 skipped")
        line.note("a note")
    assert stream.getvalue() == "ingest 640  5 skipped\ningest 1,280  5 skipped\na note\n"


def test_a_bar_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream, clock = Terminal(), Clock()
    line = ProgressLine("ingest", 200, stream, clock)
    clock.now = 1
    line.update(10, "x" * 200)
    assert len(stream.getvalue().strip("\r")) == 39


def test_a_total_may_come_later() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine("searching", None, stream, clock)
    clock.now = 1
    line.show(3, 4)
    assert stream.getvalue().startswith("\rsearching [")
    assert stream.getvalue().endswith("3/4 (75%)")


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
    monkeypatch.setattr("clipseek.cli.output.is_terminal", lambda stream: True)
    print_table(["caption"], [["[red]a[/red] x"]])
    assert "[red]a[/red] x" in capsys.readouterr().out


def test_json_in_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "größe", "b": [1]})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "größe" in out
    assert json.loads(out) == {"a": "größe", "b": [1]}
