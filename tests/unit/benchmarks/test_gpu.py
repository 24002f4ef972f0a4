"""``benchmarks/gpu.sh``: all of it on a CPU, small; and a part that fails costs only itself."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
GPU = ROOT / "benchmarks" / "gpu"
PARTS = ["training", "export", "cuda", "pictures", "trainer", "gate", "tensorrt"]


@pytest.mark.train
def test_all_parts_run_on_a_cpu(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    environment = {**os.environ, "PYTHON": sys.executable, "WHEELS": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [ROOT / "benchmarks" / "gpu.sh", out, "--tiny"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(out.read_text())
    assert list(record["parts"]) == PARTS
    assert record["card"]
    parts = record["parts"]
    if importlib.util.find_spec("accelerate") is None:  # transformers' Trainer wants it, nothing of ours does
        assert "accelerate" in parts.pop("trainer")["error"]
    assert {name: part["error"] for name, part in parts.items() if "error" in part} == {}
    assert parts["training"]["precision"] == "bf16"
    assert 0 <= parts["training"]["waiting_share"] < 1
    assert parts["export"]["gates"][0]["passed"]
    assert "pairs" in parts["gate"]["gates"][0]
    assert all(
        parts["cuda"][precision][kind]["equal"] for precision in ("fp32", "fp16") for kind in ("pictures", "texts")
    )
    sides = ("torch_bf16", "clipseek_fp32", "clipseek_fp16")
    assert all(
        parts["pictures"][side][f"{what}_per_second"] > 0 for side in sides for what in ("device_alone", "from_files")
    )


@pytest.fixture
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_run", GPU / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_part(folder: Path, name: str, body: str) -> None:
    head = "import json, sys, time\nout = next(a for a in sys.argv if a.startswith('--out=')).removeprefix('--out=')\n"
    (folder / name).write_text(head + body)


def test_a_part_that_fails_or_hangs_costs_only_itself(
    runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_part(tmp_path, "good.py", "open(out, 'w').write(json.dumps({'figure': 3}))")
    write_part(tmp_path, "bad.py", "raise ValueError('the card is on fire')")
    write_part(tmp_path, "slow.py", "time.sleep(60)")
    write_part(tmp_path, "silent.py", "pass")
    monkeypatch.setattr(runner, "HERE", tmp_path)
    monkeypatch.setattr(
        runner,
        "PARTS",
        {name: ([f"{name}.py"], 6 if name == "slow" else 60) for name in ("bad", "slow", "silent", "good")},
    )
    out = tmp_path / "all.json"
    monkeypatch.setattr(sys, "argv", ["run.py", str(out)])
    began = time.monotonic()
    assert runner.main() == 0
    assert time.monotonic() - began < 40
    parts = json.loads(out.read_text())["parts"]
    assert parts["good"]["figure"] == 3
    assert "the card is on fire" in parts["bad"]["error"]
    assert parts["slow"]["error"] == "stopped after 6 s"
    assert parts["silent"]["error"] == "left no figures"
    assert "1 parts measured, 3 failed" in capsys.readouterr().out


def test_no_part_starts_when_the_time_is_used_up(runner: ModuleType, tmp_path: Path) -> None:
    assert "used up" in runner.run("training", tmp_path, True, 2.0)["error"]
