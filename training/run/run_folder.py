"""The folder of a run: its settings, its history, and all that continuing after a stop needs.

config.json         the TrainConfig
environment.json    device, precision, threads, versions, the data's fingerprint
history.jsonl       one line for each step and each validation pass
loss.png            the same as a picture
state.pt            weights, optimizer and position of the last save, for --resume
best/  last/        checkpoints: the weights chosen on validation, and those of the last step
epoch-N/            checkpoints of each epoch, where the recipe keeps them
summary.json        figures of a run that is finished
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from clipseek.files.text import reason_of
from clipseek.files.whole import whole_file, whole_folder, write_whole

from ..config import TrainConfig
from ..data.trained_on import Marks, write_marks
from ..errors import TrainingError
from ..model.checkpoint import Checkpoint
from .model_card import model_card
from .ownership import TRAINING_RECORD, clear_run

Event = dict[str, Any]
# What may differ when a run is resumed: how long it takes, and how its weights are chosen in the end.
_FREE = ("minutes", "keep_loss", "interpolate")


class RunFolder:
    """Opened by the loop; writes are whole or not at all, except history lines, whose last may be cut by a kill.

    Of several processes one ``writes``; for the others every method but ``resume`` does nothing.
    """

    def __init__(self, path: Path, on_event: Callable[[Event], None], writes: bool = True) -> None:
        self.path, self._on_event, self.writes = path, on_event, writes
        self.history: list[Event] = []
        path.mkdir(parents=True, exist_ok=True)

    @property
    def best(self) -> Path:
        return self.path / "best"

    def finished(self) -> bool:
        """Whether the folder holds a run that came to its end."""
        return (self.path / "summary.json").is_file() and (self.best / "config.json").is_file()

    def start(self, config: TrainConfig, environment: Event) -> None:
        """Start over: delete what an earlier run left, so that nothing of it can be taken for this run's.

        Raises TrainingError where the folder holds what no run has written.
        """
        self.history = []
        if not self.writes:
            return
        clear_run(self.path)
        config.write(self.path / "config.json")
        _write(self.path / "environment.json", environment)

    def resume(self, config: TrainConfig, fingerprint: str) -> Event | None:
        """The saved state, history cut back to it; None where nothing was saved yet.

        Raises TrainingError when the run was started with other pairs or other options.
        """
        saved = self.path / "state.pt"
        if not saved.is_file():
            return None
        try:
            state: Event = torch.load(saved, map_location="cpu", weights_only=True)
        except Exception as problem:  # torch raises what it likes for a file that is torn
            raise TrainingError(
                f"{saved} cannot be read ({reason_of(problem)}); start over with --overwrite, or choose another --out"
            ) from None
        if "run" not in state:
            raise TrainingError(f"{self.path} was written by another version; start over with --overwrite")
        if state["data"] != fingerprint:
            raise TrainingError(
                f"{self.path} was trained on other pairs; give the same SOURCE, or choose another --out"
            )
        before, now = json.loads((self.path / "config.json").read_text("utf-8")), config.as_dict()
        for name in now:
            if name not in _FREE and before.get(name) != now[name]:
                raise TrainingError(
                    f"{name} is {now[name]!r}, but {self.path} was started with {before.get(name)!r}; "
                    "resume with the same options, or choose another --out"
                )
        self.history = [row for row in self._lines() if row.get("step", 0) <= state["run"]["step"]]
        if not self.writes:
            return state
        text = "".join(json.dumps(row) + "\n" for row in self.history)
        write_whole(self.path / "history.jsonl", text)
        return state

    def save(self, state: Event) -> None:
        """Keep ``state`` for ``resume``."""
        if self.writes:
            with whole_file(self.path / "state.pt") as part:
                torch.save(state, part)

    def record(self, event: Event) -> None:
        """Add a line to the history, and pass it to the listener."""
        self.history.append(event)
        if not self.writes:
            return
        with (self.path / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
        self._on_event(event)

    def notify(self, event: Event) -> None:
        """Pass an event to the listener that is no part of the history."""
        if self.writes:
            self._on_event(event)

    def finish(self, summary: Event) -> None:
        """Draw the plot, write the summary, drop the state."""
        if not self.writes:
            return
        _plot(self.history, self.path / "loss.png")
        _write(self.path / "summary.json", summary)
        (self.path / "state.pt").unlink(missing_ok=True)

    def summary(self) -> Event:
        """Of a finished run."""
        read: Event = json.loads((self.path / "summary.json").read_text("utf-8"))
        return read

    def _lines(self) -> list[Event]:
        lines = []
        for line in (self.path / "history.jsonl").read_text("utf-8").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:  # cut by a kill while it was written
                break
        return lines


def _write(path: Path, value: Event) -> None:
    write_whole(path, json.dumps(value, indent=1) + "\n")


def save_checkpoint(checkpoint: Checkpoint, folder: Path, provenance: Event, marks: Marks) -> None:
    """Write the checkpoint folder whole or not at all; ``provenance`` becomes clipseek_training.json and
    README.md, ``marks`` trained_on.bin."""
    with whole_folder(folder) as part:
        checkpoint.save(part)
        write_marks(part, marks)
        (part / "README.md").write_text(model_card(provenance), "utf-8")
        (part / TRAINING_RECORD).write_text(json.dumps(provenance, indent=1) + "\n", "utf-8")


def _plot(history: list[Event], path: Path) -> None:
    """Loss by step, validation MRR@10 on a second axis, as a PNG at ``path``."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    left = figure.add_subplot()
    steps, passes = ([row for row in history if name in row] for name in ("loss", "validation_mrr"))
    left.plot([row["step"] for row in steps], [row["loss"] for row in steps], color="#3b6fb6", linewidth=1)
    left.set_xlabel("step")
    left.set_ylabel("contrastive loss", color="#3b6fb6")
    left.grid(alpha=0.25)
    if passes:
        right, scores = left.twinx(), [row["validation_mrr"] for row in passes]
        right.plot([row["step"] for row in passes], scores, "o-", color="#c2571a", markersize=4)
        right.set_ylabel("validation MRR@10, whole gallery", color="#c2571a")
        right.set_ylim(bottom=0)
    figure.savefig(path, dpi=120)
