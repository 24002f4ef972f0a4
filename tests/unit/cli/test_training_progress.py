"""What a training says of itself on stderr."""

from __future__ import annotations

import pytest
from clipseek.cli.training_progress import TrainingProgress

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
