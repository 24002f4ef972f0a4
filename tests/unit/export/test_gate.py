"""What decides whether a bundle in a lower precision may be written: held-out pairs, or the samples' vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import Bundle

from tests.models import make_tiny_clip, quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.gate import Gate, Judge, allowed
    from clipseek.export.samples import made_samples
    from clipseek.export.verdict import Verdict
    from clipseek.training.data.pairs import Pairs

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
    for direction in ("text_to_image", "image_to_text"):
        for name in ("MRR@10", "R@10"):
            low, high = verdict["intervals"][direction][name]
            assert low <= verdict["int8"][direction][name] - verdict["fp32"][direction][name] <= high


def judged(checkpoint: Path, full: Bundle, lower: Bundle, pairs: int) -> Verdict:
    """``lower`` beside ``full`` on so many noise pictures with captions of their own."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (pairs, 32, 32, 3), np.uint8)
    captions = [f"a red cat {number}" for number in range(pairs)]
    held = Pairs(pixels, [str(row) for row in range(pairs)], np.arange(pairs), captions, captions)
    gate = Gate("noise", lambda spec: held)
    return Judge(full, made_samples(32, 24), gate, held).verdict(lower)


def test_a_lower_end_within_three_per_cent_passes_and_few_pairs_do_not(
    checkpoint: Path, full: Bundle, tmp_path: Path
) -> None:
    """The tiny model knows nothing, so its own fp32 passes and another model's figures are a matter of chance."""
    assert judged(checkpoint, full, full, 60).passed
    other = export_bundle(str(make_tiny_clip(tmp_path / "other", seed=5)), tmp_path / "bundle")
    verdict = judged(checkpoint, full, other, 60)
    assert not verdict.passed  # whatever its mean: on 60 pairs the interval reaches far below
    assert "allowed is a lower end of -3%" in verdict.in_words()


@pytest.mark.parametrize(("full", "allowed_loss"), [(0.5, 0.015), (0.04, 0.003), (0.0, 0.003)])
def test_what_may_be_lost_is_relative_and_never_less_than_a_trifle(full: float, allowed_loss: float) -> None:
    assert allowed(full, 0.03) == pytest.approx(allowed_loss)
