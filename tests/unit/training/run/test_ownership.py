"""``train --out`` touches only what a run has written: anybody's folder may have a best/, a config.json, an epoch-photos/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clipseek.files.claims import hold, let_go
from clipseek.training.errors import TrainingError
from clipseek.training.run.ownership import alone, check_own, clear_run, holds_run

SETTINGS: dict[str, Any] = {"base": "b", "recipe": "best", "learning_rate": 1e-4, "batch_size": 8}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def write(path: Path, text: str = "theirs") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def run(out: Path, settings: str = "config.json") -> None:
    write(out / settings, json.dumps(SETTINGS if settings == "config.json" else {"seconds": 0.0}))
    for name in ("history.jsonl", "loss.png", "summary.json", "environment.json", "state.pt"):
        write(out / name)
    for folder in ("best", "last", "epoch-1", "epoch-12", "stages/adapter/best"):
        for name in ("config.json", "model.safetensors", "clipseek_training.json", "README.md", "trained_on.bin"):
            write(out / folder / name)
    write(out / "stages" / "adapter" / "config.json", json.dumps(SETTINGS))


@pytest.mark.parametrize(
    "name",
    [
        "best/mine.txt",
        "epoch-photos/mine.txt",
        "config.json",
        "history.jsonl",
        "summary.json",
        "loss.png",
        "auto.json",
        "thesis.txt",
        "stages/one.jpg",
    ],
)
def test_a_strangers_folder_is_refused(out: Path, name: str) -> None:
    mine = write(out / name, '{"name": "my own", "seconds_": 1}')
    for touch in (check_own, clear_run):
        with pytest.raises(TrainingError, match="holds other things than a run and is left alone") as caught:
            touch(out)
        assert "\n" not in str(caught.value)
    assert mine.is_file()


@pytest.mark.parametrize("settings", ["config.json", "auto.json"])
def test_a_run_is_replaced_and_what_lies_beside_it_stays(out: Path, settings: str) -> None:
    run(out, settings)
    kept = [write(out / name) for name in ("notes.txt", "epoch-photos/a.jpg", "bundle/clipseek.json", ".hidden")]
    assert holds_run(out)
    clear_run(out)
    assert all(path.is_file() for path in kept)
    left = {path.name for path in out.iterdir()} - {"notes.txt", "epoch-photos", "bundle", ".hidden"}
    assert left <= {"config.json"}


@pytest.mark.parametrize(
    "name", ["best/mine.txt", "last/photos/a.jpg", "epoch-1/mine.txt", "stages/adapter/best/x.txt"]
)
def test_what_was_put_into_a_checkpoint_is_not_deleted(out: Path, name: str) -> None:
    run(out)
    mine = write(out / name)
    with pytest.raises(TrainingError, match="holds what no run has written"):
        clear_run(out)
    assert mine.is_file()
    assert (out / "history.jsonl").is_file()  # nothing else was deleted before


@pytest.mark.parametrize("name", ["best", "epoch-7", "state.pt", "stages", "stages/round-1"])
def test_links_are_not_followed(out: Path, tmp_path: Path, name: str) -> None:
    run(out)
    mine = write(tmp_path / "elsewhere" / "config.json")
    path = out / name
    if path.is_dir():
        path.rename(tmp_path / "moved")
    path.unlink(missing_ok=True)
    path.symlink_to(mine.parent)
    with pytest.raises(TrainingError, match="is a link, and what it points to is no run's"):
        clear_run(out)
    assert mine.is_file()


@pytest.mark.parametrize("name", ["best", "epoch-1", "stages"])
def test_a_file_in_place_of_a_runs_folder_is_refused(out: Path, name: str) -> None:
    write(out / "config.json", json.dumps(SETTINGS))
    mine = write(out / name)
    with pytest.raises(TrainingError, match="is no folder of a run; move it away"):
        clear_run(out)
    assert mine.is_file()


def test_a_folder_to_be_made_and_an_empty_one(out: Path) -> None:
    check_own(out)
    out.mkdir()
    write(out / ".DS_Store")
    check_own(out)
    write(out / "file")
    with pytest.raises(TrainingError, match="is no folder"):
        check_own(out / "file")


def test_two_trainings_never_write_into_one_folder(out: Path) -> None:
    with (
        alone(out),
        pytest.raises(TrainingError, match="another training writes into"),
        alone(out),
    ):
        pytest.fail("both were let in")
    held = hold(out)
    assert held is not None
    let_go(held)


@pytest.mark.train
def test_a_torn_state_is_one_line(out: Path) -> None:
    from clipseek.training.config import TrainConfig
    from clipseek.training.run.run_folder import RunFolder

    folder = RunFolder(out, lambda event: None)
    for data in (b"", b"PK\x03\x04" + b"\x00" * 100, b"not a state"):
        (out / "state.pt").write_bytes(data)
        with pytest.raises(TrainingError, match=r"state\.pt cannot be read .*--overwrite"):
            folder.resume(TrainConfig(), "x")
