"""The command as a user meets it: in a process of its own, exit codes and streams."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from clipseek.encoder import Bundle
from PIL import Image

from tests.command import run_command
from tests.models import make_tiny_clip


def clipseek(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command("export-onnx", *arguments)


@pytest.mark.train
def test_exports_with_own_samples_and_prints_the_passport(tmp_path: Path) -> None:
    checkpoint = make_tiny_clip(tmp_path / "checkpoint")
    Image.new("RGB", (60, 45), (200, 30, 90)).save(tmp_path / "ü.png")
    (tmp_path / "pairs.tsv").write_text("image\tcaption\nü.png\ta red cat\n", "utf-8")
    options = ["--storage", "fp16", "--samples", str(tmp_path / "pairs.tsv"), "--json"]
    # A Python of its own, for what libraries say while they are imported.
    command = [sys.executable, "-m", "clipseek.cli", "export-onnx", str(checkpoint), str(tmp_path / "bundle"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    passport = json.loads(done.stdout)
    assert passport == Bundle.load(tmp_path / "bundle", verify=True).passport
    assert passport["parity"]["samples"] == f"{tmp_path / 'pairs.tsv'} and made pictures"
    assert "rounding to fp16 costs" in done.stderr
    assert "Warning" not in done.stderr  # neither torch nor transformers talk to the user


def test_one_line_for_what_is_expected_to_go_wrong(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for arguments, words in [
        ((tmp_path, tmp_path), "holds other things than a bundle"),
        ((tmp_path, tmp_path / "out", "--samples", tmp_path / "nowhere"), "nowhere"),
    ]:
        done = clipseek(*arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        assert words in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert not (tmp_path / "out").exists()


@pytest.mark.train
def test_int8_passes_a_gate_of_own_pairs_and_auto_prints_its_table(tmp_path: Path) -> None:
    checkpoint = make_tiny_clip(tmp_path / "checkpoint")
    rows = ["image\tcaption"]
    for at, word in enumerate(("red", "green", "blue")):
        Image.new("RGB", (60, 45), tuple(255 * (at == channel) for channel in range(3))).save(tmp_path / f"{word}.png")
        rows.append(f"{word}.png\ta {word} cat")
    (tmp_path / "pairs.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    gate = ("--gate", tmp_path / "pairs.tsv", "--tolerance", "1", "--json")
    done = clipseek(checkpoint, tmp_path / "bundle", "--precision", "int8", *gate)
    assert done.returncode == 0, done.stderr
    passport = json.loads(done.stdout)
    assert (passport["precision"], passport["gates"][0]["pairs"]) == ("int8", 3)
    assert "int8 passes: " in done.stderr
    done = clipseek(checkpoint, tmp_path / "auto", "--precision", "auto")
    assert done.returncode == 0, done.stderr
    assert "precision  MB  pictures/s" in done.stderr.replace("   ", "  ")
    assert done.stdout.strip() == str(tmp_path / "auto")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a",),
        ("a", "b", "--precision", "int3"),
        ("a", "b", "--opset", "3"),
        ("a", "b", "--accept-loss"),
        ("a", "b", "--gate", "pairs.tsv"),
    ],
)
def test_usage_is_2(arguments: tuple[str, ...]) -> None:
    done = clipseek(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
