"""``clipseek explain`` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.models import make_tiny_clip, quiet
from tests.shipped import TUNED as SHIPPED


def clipseek(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clipseek.cli", "explain", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (60, 45), (200, 30, 90)).save(tmp_path / "ü.png")
    return tmp_path / "ü.png"


@pytest.mark.train
def test_writes_a_heat_map_and_prints_the_grid(picture: Path, tmp_path: Path) -> None:
    with quiet():
        from clipseek.export.checkpoint import export_bundle

        bundle = export_bundle(str(make_tiny_clip(tmp_path / "checkpoint")), tmp_path / "bundle", explain=True).path
    out = tmp_path / "heat.png"
    done = clipseek(picture, "a red cat", "--model", bundle, "-o", out)
    assert (done.returncode, done.stdout.strip()) == (0, str(out)), done.stderr
    with Image.open(out) as heat:
        assert heat.format == "PNG"
        assert heat.width > 2 * heat.height
    done = clipseek(picture, "a red cat", "--model", bundle, "--json")
    found = json.loads(done.stdout)
    assert [len(row) for row in found["grid"]] == [4] * 4
    assert -1 <= found["cosine"] <= 1
    done = clipseek(f"{picture}#0,0,20,20", "a red cat", "--model", bundle, "--json")
    assert json.loads(done.stdout)["picture"] == f"{picture}#0,0,20,20"
    done = clipseek(f"{picture}#50,0,20,20", "a red cat", "--model", bundle, "--json")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "ends outside the picture, which has 60 x 45 pixels" in done.stderr


def test_a_bundle_without_patches_is_told_how_to_get_them(picture: Path, tmp_path: Path) -> None:
    done = clipseek(picture, "a cat", "--model", SHIPPED, "-o", tmp_path / "heat.png")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "--explain" in done.stderr
    assert not (tmp_path / "heat.png").exists()


def test_what_is_no_picture_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("words")
    for name, words in (("notes.png", "notes.png: "), ("gone.png", "no such file")):
        done = clipseek(tmp_path / name, "a cat", "--model", SHIPPED, "--json")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert words in done.stderr


@pytest.mark.parametrize("more", [(), ("-o", "heat.txt")])
def test_usage_is_2(more: tuple[str, ...], picture: Path) -> None:
    assert clipseek(picture, "a cat", "--model", SHIPPED, *more).returncode == 2
