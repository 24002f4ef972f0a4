"""A tiny random CLIP and what is exported of it, made once for this folder's tests. All of them need torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.models import make_tiny_clip, quiet

if TYPE_CHECKING:
    from clipseek.encoder import Bundle
    from clipseek.export.gate import Gate

COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_clip(tmp_path_factory.mktemp("export") / "checkpoint")


@pytest.fixture(scope="session")
def full(checkpoint: Path) -> Bundle:
    """In fp32."""
    with quiet():
        from clipseek.export.checkpoint import export_bundle

        return export_bundle(str(checkpoint), checkpoint.parent / "fp32")


@pytest.fixture(scope="session")
def int8(checkpoint: Path) -> Bundle:
    """In int8."""
    with quiet():
        from clipseek.export.checkpoint import export_bundle

        return export_bundle(str(checkpoint), checkpoint.parent / "int8", precision="int8")


@pytest.fixture(scope="session")
def plain(checkpoint: Path) -> Path:
    """A folder with the towers as the exporter leaves them: ONNX's own operators alone, normalised pixels in."""
    with quiet():
        from clipseek.export.towers import export_towers
        from clipseek.training.model.checkpoint import load_checkpoint

        folder = checkpoint.parent / "plain"
        folder.mkdir()
        export_towers(load_checkpoint(str(checkpoint)).model.eval(), folder, 18)
        return folder


@pytest.fixture(scope="session")
def plain_uint8(plain: Path, checkpoint: Path) -> Path:
    """``plain``, with the picture tower taking pixels as bytes."""
    import shutil

    with quiet():
        from clipseek.export.graph.uint8_input import take_pixels
        from clipseek.training.model.checkpoint import load_checkpoint

        folder = shutil.copytree(plain, checkpoint.parent / "plain-uint8")
        take_pixels(folder / "image.onnx", load_checkpoint(str(checkpoint)).image)
        return folder


@pytest.fixture(scope="session")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """Twelve pairs, which any model passes."""
    with quiet():
        from clipseek.export.gate import Gate
        from clipseek.sources import read_records
        from clipseek.training.data.pairs import load_pairs

    folder = tmp_path_factory.mktemp("pairs")
    lines = ["image\tcaption"]
    for name, colour in COLOURS.items():
        for side in (40, 60, 80):
            Image.new("RGB", (side, 50), colour).save(folder / f"{name}{side}.png")
            lines.append(f"{name}{side}.png\ta {name} picture {side}")
    (folder / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    source = folder / "pairs.tsv"
    return Gate(str(source), lambda spec: load_pairs(read_records(source), spec), tolerance=1.0)
