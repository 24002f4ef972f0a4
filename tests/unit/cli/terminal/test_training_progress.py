"""What a training says of itself on stderr."""

from __future__ import annotations

import pytest
from clipseek.cli.terminal.training_progress import TrainingProgress

START = {
    "event": "start",
    "pairs": 90,
    "validation_pairs": 10,
    "steps": 30,
    "step": 0,
    "precision": "fp32",
    "optimizer": "adamw",
    "device": "cpu",
}


def test_the_start_names_the_optimizer(capsys: pytest.CaptureFixture[str]) -> None:
    TrainingProgress()(START)
    assert capsys.readouterr().err == "90 pairs, 10 held out for validation; up to 30 steps, AdamW, fp32 on cpu\n"


def test_that_nothing_could_be_held_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    TrainingProgress()({**START, "pairs": 3, "validation_pairs": 0})
    first, second = capsys.readouterr().err.splitlines()
    assert "held out" not in first
    assert second.startswith("  nothing could be held out: ")
    assert "--validation" in second


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ("comparing", "  holding out: {} of 2,000 pictures compared"),
        ("features", "  frozen towers: {} of 2,000 outputs computed"),
    ],
)
def test_what_is_done_is_said_now_and_then_and_at_the_end(
    event: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = TrainingProgress(every=60)
    for done in (1000, 1500, 2000):
        progress({"event": event, "done": done, "of": 2000})
    assert capsys.readouterr().err.splitlines() == [line.format("1,000"), line.format("2,000")]
