"""A pipe and a device among the pictures: every command goes on without them, or says in one line what they are; none waits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.command import run_command
from tests.models import make_tiny_clip, quiet
from tests.shipped import TUNED

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
MOST = 90  # seconds; what waits for a pipe waits for ever


def clipseek(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, seconds=MOST)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight good pictures with captions, a pipe and a link to a device between them."""
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(8):
        colour = (number * 30, 255 - number * 30, number * 17)
        Image.new("RGB", (40, 30), colour).save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(f"colour number {number}")
    os.mkfifo(folder / "p.png")
    (folder / "z.png").symlink_to("/dev/zero")
    for name in ("p", "z"):
        (folder / f"{name}.txt").write_text("nothing")
    lines = "".join(f"{path.with_suffix('.png')}\t{path.read_text()}\n" for path in sorted(folder.glob("*.txt")))
    (folder / "pairs.tsv").write_text(f"image\tcaption\n{lines}")
    return folder


@pytest.mark.parametrize("name", ["p.png", "z.png"])
@pytest.mark.parametrize(
    "before", [("classify", "--model", TUNED, "--labels", "red,blue"), ("explain", "--json", "--model", TUNED)]
)
def test_a_picture_that_is_none_is_one_line(pairs: Path, before: tuple[str, ...], name: str) -> None:
    after = ("red",) if before[0] == "explain" else ()
    done = clipseek(before[0], pairs / name, *after, *before[1:])
    assert (done.returncode, done.stdout.count("\n") <= 1) == (1, True)
    assert f"{name}: a {'named pipe' if name == 'p.png' else 'device'}, not a file" in done.stderr


def test_a_query_picture_that_is_none_is_one_line(pairs: Path) -> None:
    for name in ("p.png", "z.png"):
        done = clipseek("search", "--image", pairs / name, "--index", "none", "--url", "http://127.0.0.1:9")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "not a file" in done.stderr


@pytest.mark.train
def test_data_check_and_evaluate_go_on_without_them(pairs: Path) -> None:
    for command in (
        ("data", "check", pairs, "--mismatches", "--model", TUNED),
        ("evaluate", TUNED, pairs / "pairs.tsv", "--json"),
    ):
        done = clipseek(*command)
        assert done.returncode == 0, done.stderr
        assert "a named pipe, not a file" in done.stdout + done.stderr or command[0] == "evaluate"


@pytest.mark.train
def test_train_and_export_go_on_without_them(pairs: Path, tmp_path: Path) -> None:
    with quiet():
        checkpoint = make_tiny_clip(tmp_path / "checkpoint")
    done = clipseek(
        "train",
        pairs / "pairs.tsv",
        "--base",
        checkpoint,
        "--out",
        tmp_path / "run",
        "--epochs",
        "1",
        "--batch-size",
        "4",
        "--no-cache",
    )
    assert done.returncode == 0, done.stderr
    done = clipseek("export-onnx", checkpoint, tmp_path / "bundle", "--samples", pairs / "pairs.tsv")
    assert done.returncode == 0, done.stderr
