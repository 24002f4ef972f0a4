"""What trackers get of a training and an evaluation, and that a broken one ends the reporting alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import click
import pytest
from clipseek.cli.trackers import Reporting, check_installed, flat_figures, open_tracker


class Kept:
    """A tracker that keeps what it gets, until ``left`` lines were written."""

    def __init__(self, left: int = 100) -> None:
        self.lines: list[tuple[int, dict[str, float]]] = []
        self.left, self.closed = left, False

    def log(self, figures: Mapping[str, float], step: int) -> None:
        if len(self.lines) == self.left:
            raise OSError("no space left on device")
        self.lines.append((step, dict(figures)))

    def close(self) -> None:
        self.closed = True


EVENTS: list[dict[str, Any]] = [
    {"event": "start", "pairs": 9, "step": 0},
    {"event": "step", "step": 1, "loss": 2.5, "learning_rate": 1e-3},
    {"event": "validation", "step": 1, "validation_mrr": 0.5},
    {"event": "stage", "name": "round-1", "learning_rate": 1e-4},
    {"event": "step", "step": 1, "loss": 2.0},
]


def test_steps_and_validations_by_stage() -> None:
    tracker, shown = Kept(), list[dict[str, Any]]()
    reporting = Reporting(lambda: tracker, shown.append)
    for event in EVENTS:
        reporting(event)
    reporting.close()
    assert shown == EVENTS
    assert tracker.lines == [
        (1, {"train/loss": 2.5, "train/learning_rate": 1e-3}),
        (1, {"validation/validation_mrr": 0.5}),
        (1, {"round-1/train/loss": 2.0}),
    ]
    assert tracker.closed


def test_a_tracker_that_fails_ends_the_reporting_alone(capsys: pytest.CaptureFixture[str]) -> None:
    tracker, shown = Kept(left=1), list[dict[str, Any]]()
    reporting = Reporting(lambda: tracker, shown.append)
    for event in EVENTS:
        reporting(event)
    reporting.close()
    assert shown == EVENTS
    assert len(tracker.lines) == 1
    assert capsys.readouterr().err.count("reporting stopped") == 1


def test_one_that_is_not_installed_is_refused_in_a_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(click.ClickException) as refused:
        check_installed("mlflow")
    assert refused.value.message == "--report-to mlflow: mlflow is not installed; try: pip install mlflow"
    check_installed(None)


def test_numbers_of_a_report_by_their_path() -> None:
    report = {"pairs": 3, "split": ["test"], "whole": {"mrr": {20: 0.5}, "name": "x", "interval": (0.1, 0.2)}}
    assert flat_figures(report) == {"pairs": 3.0, "whole/mrr/20": 0.5}


class Calls(ModuleType):
    """Stands for the wandb or mlflow package: every call is written down."""

    def __init__(self) -> None:
        super().__init__("calls")
        self.made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **given: Any) -> Calls:
            self.made.append((name, args, given))
            return self

        return call


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wandb", ["init", "log", "log", "finish"]),
        (
            "mlflow",
            ["set_experiment", "start_run", "get_tracking_uri", "log_params", "log_metrics", "log_metrics", "end_run"],
        ),
    ],
)
def test_their_own_calls(monkeypatch: pytest.MonkeyPatch, name: str, expected: list[str]) -> None:
    calls = Calls()
    monkeypatch.setitem(sys.modules, name, calls)
    for variable in ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "WANDB_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    tracker = open_tracker(name, None, {"seed": 0})
    tracker.log({"MRR@20": 0.5}, 7)
    tracker.log({"MRR@20": 0.6}, 3)  # the next stage of auto
    tracker.close()
    assert [call for call, _, _ in calls.made] == expected
    steps = [given["step"] for call, _, given in calls.made if call in ("log", "log_metrics")]
    assert steps == ([0, 1] if name == "wandb" else [7, 3])
