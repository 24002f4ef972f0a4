"""Progress of long work: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import io

import pytest
from clipseek.cli.terminal.progress import ProgressLine


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
