"""Several processes take the step of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ports import free_port

pytestmark = pytest.mark.train


_ONE_RUN = """
import sys
from pathlib import Path
from clipseek.training.config import TrainConfig
from clipseek.training.data.pairs import load_pairs
from clipseek.training.model.checkpoint import load_checkpoint
from clipseek.training.run.loop import train
from tests.pairs import write_squares

base, squares, out = sys.argv[1:]
pairs = load_pairs(write_squares(Path(squares), copies=2), load_checkpoint(base).image)
config = TrainConfig(base=base, epochs=3, batch_size=16, learning_rate=1e-3, precision="fp32", validation_share=0.2)
train(config, pairs, Path(out))
"""


def test_two_processes_learn_what_one_does(base: str, squares: Path, tmp_path: Path) -> None:
    """gloo on two processes: the losses of every step, and who writes what."""
    port = free_port()
    root = Path(__file__).resolve().parents[4]
    losses = {}
    for size in (1, 2):
        out = tmp_path / f"run-{size}"
        started = []
        for rank in range(size):
            several = {
                "WORLD_SIZE": str(size),
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
            environment = {
                **os.environ,
                **(several if size > 1 else {}),
                "OMP_NUM_THREADS": "1",
                "CUDA_VISIBLE_DEVICES": "",
            }
            command = [sys.executable, "-c", _ONE_RUN, base, str(squares), str(out)]
            started.append(subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True))
        for process in started:
            _, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors
        history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
        losses[size] = [row["loss"] for row in history if row["event"] == "step"]
        assert (out / "best" / "model.safetensors").is_file()
    assert len(losses[1]) == len(losses[2]) > 4
    assert losses[2] == pytest.approx(losses[1], rel=1e-4)


class TwoGPUs:
    """What ``torch.cuda`` says on a machine with GPUs."""

    def __init__(self) -> None:
        self.chosen: list[str] = []

    def is_available(self) -> bool:
        return True

    def set_device(self, device: object) -> None:
        self.chosen.append(str(device))


def test_each_process_takes_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from clipseek.training.step.distributed import World

    monkeypatch.setenv("LOCAL_RANK", "1")
    gpus = TwoGPUs()
    assert (str(World(gpus).device), gpus.chosen) == ("cuda:1", ["cuda:1"])
