"""What decides whether a bundle in a lower precision may be written: held-out pairs, or the samples' vectors."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.encoder import Bundle

from tests.models import quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.gate import Gate
    from clipseek.export.verdict import Verdict

pytestmark = pytest.mark.train

LAYERS, PRODUCTS = 2, 6  # of the tiny CLIP; query, key, value, output, and two of the MLP in each layer
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


def test_without_pairs_the_cosine_on_samples_decides_and_is_kept(int8: Bundle) -> None:
    (verdict,) = int8.passport["gates"]
    assert verdict["gate"] == "cosine on samples"
    assert verdict["passed"]
    assert not verdict["accepted_loss"]
    assert 0.99 <= verdict["text_min_cosine"] < 1
    assert 0 < verdict["int8"]["bytes"] < verdict["fp32"]["bytes"]
    assert int8.passport["parity"]["image_max_abs"] <= 1e-4  # of the fp32 towers it was made from
    assert int8.passport["parity"]["reduction"]["image_max_abs"] > 1e-4
    assert Bundle.load(int8.path, verify=True) == int8


def test_held_out_pairs_decide_and_both_figures_are_kept(checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
    bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", gate=gate)
    (verdict,) = bundle.passport["gates"]
    assert verdict["pairs"] == verdict["pictures"] == 12
    assert verdict["source"] == gate.source
    for direction in ("text_to_image", "image_to_text"):
        for precision in ("fp32", "int8"):
            figures = verdict[precision][direction]
            assert 0 < figures["MRR@10"] <= figures["R@10"] <= 1
    assert "12 pairs" in Verdict.from_dict(verdict).in_words()
    losses = [
        verdict["fp32"][direction][name] - verdict["int8"][direction][name]
        for direction in ("text_to_image", "image_to_text")
        for name in ("MRR@10", "R@10")
    ]
    assert verdict["loss"] == pytest.approx(max(losses))
