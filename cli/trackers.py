"""``--report-to``: figures of a training or an evaluation to TensorBoard, Weights & Biases or MLflow, where that is installed."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import click

from .terminal.output import note

#: name -> the package that must be there.
TRACKERS = {"tensorboard": "tensorboard", "wandb": "wandb", "mlflow": "mlflow"}
PROJECT = "clipseek"
_NOW = "%Y-%m-%dT%H-%M-%S"
#: Figures of an event that are no measurements.
_COUNTS = frozenset({"step", "done", "of"})

report_option = click.option(
    "--report-to",
    type=click.Choice(tuple(TRACKERS)),
    help="Also send the figures to TensorBoard, Weights & Biases or MLflow, which must be installed; as their own settings say.",
)


class Tracker(Protocol):
    """Takes figures by name at a step."""

    def log(self, figures: Mapping[str, float], step: int) -> None: ...

    def close(self) -> None: ...


def check_installed(name: str | None) -> None:
    """Raises ClickException where the tracker is not installed."""
    if name is not None and importlib.util.find_spec(TRACKERS[name]) is None:
        raise click.ClickException(f"--report-to {name}: {name} is not installed; try: pip install {TRACKERS[name]}")


def open_tracker(name: str, folder: Path | None, about: Mapping[str, Any]) -> Tracker:
    """``folder``: where TensorBoard's files go, runs/ where it is None. ``about``: what is kept beside the figures."""
    if name == "tensorboard":
        return _TensorBoard(folder or Path("runs") / time.strftime(_NOW))
    return _WandB(about) if name == "wandb" else _MLflow(about)


class _TensorBoard:
    def __init__(self, folder: Path) -> None:
        summary: Any = importlib.import_module("tensorboard.summary")
        self._writer = summary.Writer(str(folder))
        note(f"TensorBoard: tensorboard --logdir {folder}")

    def log(self, figures: Mapping[str, float], step: int) -> None:
        for key, value in figures.items():
            self._writer.add_scalar(key, value, step)

    def close(self) -> None:
        self._writer.close()


class _WandB:
    def __init__(self, about: Mapping[str, Any]) -> None:
        wandb: Any = importlib.import_module("wandb")
        self._run = wandb.init(project=os.environ.get("WANDB_PROJECT", PROJECT), config=dict(about))
        self._order = 0  # of its own: the stages of auto begin at step 0 again, and its steps may not go back

    def log(self, figures: Mapping[str, float], step: int) -> None:
        self._run.log({**figures, "step": step}, step=self._order)
        self._order += 1

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    def __init__(self, about: Mapping[str, Any]) -> None:
        self._mlflow: Any = importlib.import_module("mlflow")
        if "MLFLOW_EXPERIMENT_NAME" not in os.environ and "MLFLOW_EXPERIMENT_ID" not in os.environ:
            self._mlflow.set_experiment(PROJECT)
        self._mlflow.start_run()
        note(f"MLflow: {self._mlflow.get_tracking_uri()}; see it with: mlflow ui")
        self._mlflow.log_params({key: str(value)[:500] for key, value in about.items()})

    def log(self, figures: Mapping[str, float], step: int) -> None:
        # MLflow takes no @ in a name.
        self._mlflow.log_metrics({key.replace("@", " at "): value for key, value in figures.items()}, step=step)

    def close(self) -> None:
        self._mlflow.end_run()


class Reporting:
    """A listener of a training that passes every event on to ``shown`` and its figures to a tracker.

    It is opened with the first figures, when the run's folder is there. One that fails ends the reporting, not the training.
    """

    def __init__(self, make: Callable[[], Tracker], shown: Callable[[dict[str, Any]], None]) -> None:
        self._make, self._tracker, self._over = make, None, False
        self._shown, self._stage = shown, ""

    _tracker: Tracker | None

    def __call__(self, event: dict[str, Any]) -> None:
        self._shown(event)
        kind = event["event"]
        if kind == "stage":
            self._stage = f"{event['name']}/"
        elif kind in ("step", "validation", "done"):
            prefix = f"{self._stage}{'train' if kind == 'step' else kind}/"
            figures = {f"{prefix}{key}": value for key, value in measured(event).items()}
            self.log(figures, int(event["step"]))

    def log(self, figures: Mapping[str, float], step: int) -> None:
        """Figures at a step, while the tracker takes them."""
        self._try(lambda tracker: tracker.log(figures, step))

    def close(self) -> None:
        """Let the tracker write what it has."""
        if self._tracker is not None:
            self._try(lambda tracker: tracker.close())
        self._over = True

    def _try(self, use: Callable[[Tracker], None]) -> None:
        if self._over:
            return
        try:
            self._tracker = self._tracker or self._make()
            use(self._tracker)
        except Exception as problem:  # its server, its disk, its version
            self._over = True
            note(f"reporting stopped, the rest goes on: {type(problem).__name__}: {' '.join(str(problem).split())}")


def measured(event: Mapping[str, Any]) -> dict[str, float]:
    """The figures among an event's fields."""
    return {
        key: float(value)
        for key, value in event.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and key not in _COUNTS
    }


def flat_figures(report: Mapping[str, Any], at: str = "") -> dict[str, float]:
    """Numbers of nested tables, as ``in_batches/text_to_image/mrr/20``; lists are left out."""
    figures: dict[str, float] = {}
    for key, value in report.items():
        if isinstance(value, Mapping):
            figures |= flat_figures(value, f"{at}{key}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            figures[f"{at}{key}"] = float(value)
    return figures


@contextlib.contextmanager
def reporting(
    name: str | None, out: Path, about: Mapping[str, Any], shown: Callable[[dict[str, Any]], None]
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """The listener of a training in ``out``: ``shown``, and with ``name`` a tracker too, in the first of several processes."""
    if name is None or os.environ.get("RANK", "0") != "0":
        yield shown
        return
    folder = out / "tensorboard" / time.strftime(_NOW)
    listener = Reporting(lambda: open_tracker(name, folder, about), shown)
    try:
        yield listener
    finally:
        listener.close()


def report_figures(name: str | None, about: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """The figures of an evaluation, once."""
    if name is not None:
        listener = Reporting(lambda: open_tracker(name, None, about), lambda event: None)
        listener.log({f"evaluate/{key}": value for key, value in flat_figures(report).items()}, 0)
        listener.close()
