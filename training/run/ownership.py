"""Which folders are a run's: what a training deletes and replaces there is what a run has written, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from clipseek.encoder.bundle.files import TRAINED_ON
from clipseek.files.claims import hold, let_go

from ..errors import TrainingError

#: Beside a checkpoint's weights: base, data, recipe, metrics.
TRAINING_RECORD = "clipseek_training.json"
REPORT, STAGES = "auto.json", "stages"
#: What a run writes beside its checkpoints.
_RUN = ("config.json", "environment.json", "history.jsonl", "loss.png", "state.pt", "summary.json", REPORT)
_CHECKPOINTS = re.compile(r"best|last|epoch-\d+")
#: What a checkpoint's folder holds: files of transformers and ours.
_CHECKPOINT = re.compile(
    r"(config|generation_config|preprocessor_config|processor_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|"
    r"vocab|chat_template)\.json|merges\.txt|vocab\.txt|[\w.-]+\.(safetensors|model)|model[\w.-]*\.json|adapter_config\.json|pytorch_model[\w.-]*\.(bin|json)|README\.md|"
    + re.escape(TRAINING_RECORD)
    + "|"
    + re.escape(TRAINED_ON)
)
_ANOTHER = "choose another --out"


def holds_run(out: Path) -> bool:
    """Whether a run was begun in ``out``, by what it has written first: its settings."""
    return any(_settings(out / name) for name in ("config.json", REPORT))


def check_own(out: Path) -> None:
    """Raise TrainingError where ``out`` is neither missing, nor empty, nor a run's: its files would be taken for a run's, or be
    deleted. What else lies beside a run's files stays.
    """
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise TrainingError(f"{out} is no folder, expected one to write the run into; {_ANOTHER}")
    names = [name for name in os.listdir(out) if not name.startswith(".")]
    if names and not holds_run(out):
        raise TrainingError(f"{out} holds other things than a run and is left alone ({_some(names)}); {_ANOTHER}")
    for name in names:
        if name in _RUN or name == STAGES or _CHECKPOINTS.fullmatch(name):
            _check_entry(out / name)


def clear_run(out: Path) -> None:
    """Delete what a run has written in ``out``, but for its settings. Raises TrainingError, before anything is deleted, for what
    no run has written.
    """
    check_own(out)
    for name in _RUN:
        if name != "config.json":
            (out / name).unlink(missing_ok=True)
    for path in out.iterdir():
        if path.name == STAGES or _CHECKPOINTS.fullmatch(path.name):
            shutil.rmtree(path)


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold the run's folder, which is made. Raises TrainingError where another training writes there, in another container too."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        held = hold(out, refuse=True)
    except BlockingIOError:
        raise TrainingError(f"another training writes into {out}; wait for its end, or {_ANOTHER}") from None
    try:
        yield
    finally:
        let_go(held)


def _check_entry(path: Path) -> None:
    if path.is_symlink():
        raise TrainingError(f"{path} is a link, and what it points to is no run's; remove the link, or {_ANOTHER}")
    if path.name in _RUN:
        if not path.is_file():
            raise TrainingError(f"{path} is no file of a run; move it away, or {_ANOTHER}")
        return
    if not path.is_dir():
        raise TrainingError(f"{path} is no folder of a run; move it away, or {_ANOTHER}")
    if path.name == STAGES:
        for stage in path.iterdir():
            if stage.is_symlink():
                _check_entry(stage)
            elif stage.is_dir() and not stage.name.startswith("."):
                check_own(stage)
        return
    theirs = [name for name in os.listdir(path) if not _CHECKPOINT.fullmatch(name) and not name.startswith(".")]
    if theirs or any(entry.is_dir() for entry in path.iterdir()):
        raise TrainingError(
            f"{path} holds what no run has written ({_some(theirs or os.listdir(path))}); move it away, or {_ANOTHER}"
        )


def _settings(path: Path) -> bool:
    """Whether ``path`` holds a run's settings: those of ``TrainConfig``, or of an ``auto`` run."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    if path.name == REPORT:
        return isinstance(found, dict) and "seconds" in found
    return isinstance(found, dict) and {"base", "recipe", "learning_rate", "batch_size"} <= found.keys()


def _some(names: list[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
