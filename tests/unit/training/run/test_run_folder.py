"""The folder of a run by itself: what is written, and what --resume takes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.errors import TrainingError

pytestmark = pytest.mark.train

DATA = "fingerprint"


def started(path: Path, **state: Any) -> Any:
    from clipseek.training.run.run_folder import RunFolder

    folder = RunFolder(path, lambda event: None)
    folder.start(TrainConfig(), {"device": "cpu"})
    for step in range(1, 5):
        folder.record({"event": "step", "step": step, "loss": 1 / step})
    folder.save({"run": {"step": 3}, "data": DATA, **state})
    return folder


def test_history_is_cut_back_to_the_saved_step(tmp_path: Path) -> None:
    from clipseek.training.run.run_folder import RunFolder

    started(tmp_path)
    again = RunFolder(tmp_path, lambda event: None)
    assert again.resume(TrainConfig(minutes=5.0), DATA)["run"] == {"step": 3}  # type: ignore[index]
    assert [row["step"] for row in again.history] == [1, 2, 3]
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 3


def test_a_state_of_another_version_is_refused_in_one_line(tmp_path: Path) -> None:
    import torch

    folder = started(tmp_path)
    torch.save({"step": 3, "data": DATA}, tmp_path / "state.pt")
    with pytest.raises(TrainingError, match="was written by another version; start over with --overwrite"):
        folder.resume(TrainConfig(), DATA)


def test_processes_that_do_not_write_leave_the_folder_alone(tmp_path: Path) -> None:
    from clipseek.training.run.run_folder import RunFolder

    heard: list[Any] = []
    folder = RunFolder(tmp_path, heard.append, writes=False)
    folder.start(TrainConfig(), {})
    folder.record({"event": "step", "step": 1})
    folder.save({"run": {"step": 1}, "data": DATA})
    folder.finish({})
    assert (list(tmp_path.iterdir()), heard) == ([], [])
    assert folder.history == [{"event": "step", "step": 1}]


def test_a_finished_run_has_its_plot_and_no_state(tmp_path: Path) -> None:
    folder = started(tmp_path)
    folder.record({"event": "validation", "step": 4, "validation_mrr": 0.5})
    folder.finish({"steps": 4})
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "summary.json").read_text()) == folder.summary() == {"steps": 4}
    assert not (tmp_path / "state.pt").exists()
