"""What a run needs to go on where it was stopped, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from clipseek.files.whole import whole_file, whole_folder

from ..model.checkpoint import Checkpoint


def save_state(path: Path, state: dict[str, Any]) -> None:
    """``torch.save`` under another name, then renamed: a killed run leaves the last whole state."""
    with whole_file(path) as part:
        torch.save(state, part)


def load_state(path: Path) -> dict[str, Any]:
    """What ``save_state`` wrote."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def save_checkpoint(checkpoint: Checkpoint, folder: Path, provenance: dict[str, Any]) -> None:
    """Write the checkpoint folder beside its name, then swap it in; ``provenance`` becomes clipseek_training.json."""
    with whole_folder(folder) as part:
        checkpoint.save(part)
        (part / "clipseek_training.json").write_text(json.dumps(provenance, indent=1) + "\n", "utf-8")
