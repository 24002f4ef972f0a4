"""``clipseek bundle`` as a user meets it, on the shipped bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clipseek.encoder import Bundle

from tests.shipped import BASE
from tests.shipped import TUNED as SHIPPED


def clipseek(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clipseek.cli", "bundle", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_inspect_shows_where_it_comes_from_and_what_it_is() -> None:
    done = clipseek("inspect", SHIPPED)
    assert done.returncode == 0, done.stderr
    rows = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    shown = {name: value.strip() for name, value in rows.items()}
    passport = Bundle.load(SHIPPED).passport
    assert shown["fingerprint"] == passport["fingerprint"]
    assert shown["base"] == "demo/data/base"
    assert shown["precision"] == "fp32, weights stored as fp16"
    assert passport["files"]["image.onnx"] in shown["image.onnx"]
    assert "allowed 0.0001 and 0.9999" in shown["parity"]
    assert json.loads(clipseek("inspect", SHIPPED, "--json").stdout) == passport


def test_verify_prints_the_fingerprint() -> None:
    done = clipseek("verify", SHIPPED)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == Bundle.load(SHIPPED).fingerprint
    assert "both towers load and give vectors of 256 dimensions" in done.stderr


@pytest.mark.train
def test_verify_against_another_checkpoint_is_one_line() -> None:
    done = clipseek("verify", SHIPPED, "--against", BASE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not give the vectors of" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "copy"))


def test_a_changed_file_fails(copy: Path) -> None:
    graph = bytearray((copy / "text.onnx").read_bytes())
    graph[-1000] ^= 1
    (copy / "text.onnx").write_bytes(graph)
    done = clipseek("verify", copy)
    assert (done.returncode, done.stdout) == (1, "")
    assert "SHA-256 differs" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_graph_that_does_not_load_fails_even_with_a_true_hash(copy: Path) -> None:
    from clipseek.encoder.bundle.writer import write_passport

    (copy / "image.onnx").write_bytes(b"no graph")
    write_passport(copy, Bundle.load(SHIPPED).passport)
    done = clipseek("verify", copy, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "image.onnx cannot be loaded" in done.stderr.splitlines()[-1]


def test_no_bundle_is_one_line(tmp_path: Path) -> None:
    for command in ("inspect", "verify"):
        done = clipseek(command, tmp_path / "nowhere")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "no bundle folder" in done.stderr


def test_trust_keeps_a_list(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CONFIG", str(tmp_path / "config"))
    assert clipseek("trust").stdout == ""
    added = clipseek("trust", copy)
    assert (added.stdout, added.returncode) == (f"{copy}\n", 0)
    assert added.stderr == f"list: {tmp_path / 'config' / 'trusted-bundles'}\n"
    assert clipseek("trust").stdout == f"{copy}\n"
    assert clipseek("trust", copy, "--remove").stdout == ""
    assert clipseek("trust", "--remove").returncode == 2
    assert clipseek("trust", tmp_path / "nowhere").returncode == 1
