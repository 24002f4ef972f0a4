"""A bundle that was written before, compared with a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.encoder import Bundle

from tests.models import make_tiny_clip, quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused
    from clipseek.export.parity import verify_against

pytestmark = pytest.mark.train

LAYERS, PRODUCTS = 2, 6  # of the tiny CLIP; query, key, value, output, and two of the MLP in each layer
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


class TestVerify:
    @pytest.mark.parametrize("kind", ["full", "int8"])
    def test_the_checkpoint_it_came_from(self, kind: str, checkpoint: Path, request: pytest.FixtureRequest) -> None:
        found = verify_against(request.getfixturevalue(kind), str(checkpoint))
        assert found["image_min_cosine"] > 0.99
        assert (found["image_max_abs"] <= 1e-4) == (kind == "full")

    def test_rounded_weights(self, checkpoint: Path, tmp_path: Path) -> None:
        half = export_bundle(str(checkpoint), tmp_path / "half", storage="fp16")
        assert verify_against(half, str(checkpoint))["text_max_abs"] <= 1e-4

    @pytest.mark.parametrize("kind", ["full", "int8"])
    def test_another_checkpoint(self, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        other = make_tiny_clip(tmp_path / "other", seed=1)
        with pytest.raises(ExportRefused, match="does not give the vectors of"):
            verify_against(request.getfixturevalue(kind), str(other))

    def test_another_shape(self, full: Bundle, tmp_path: Path) -> None:
        other = make_tiny_clip(tmp_path / "other", dimension=64)
        with pytest.raises(ExportRefused, match=r"gives 48 numbers, .* 64"):
            verify_against(full, str(other))
