"""Static int8: its ranges are measured once, on pairs of the user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder

from tests.models import quiet
from tests.unit.export.graph.test_int8_rows import operators

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.gate import Gate
    from clipseek.export.models import embed_with_bundle
    from clipseek.export.precision import Int8Calibration

pytestmark = pytest.mark.train

LAYERS, PRODUCTS = 2, 6  # of the tiny CLIP; query, key, value, output, and two of the MLP in each layer
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


@pytest.fixture(scope="module")
def static(checkpoint: Path, gate: Gate) -> Bundle:
    """Its ranges measured on the gate's own pairs."""
    calibration = Int8Calibration(gate.source, gate.load)
    out = checkpoint.parent / "static"
    return export_bundle(str(checkpoint), out, precision="int8", gate=gate, calibration=calibration)


class TestStatic:
    def test_no_range_is_measured_in_a_run(self, static: Bundle, int8: Bundle) -> None:
        for name in ("image.onnx", "text.onnx"):
            kinds = operators(static.path / name)
            assert {"DynamicQuantizeLinear", "ReduceMin"}.isdisjoint(kinds)
            assert kinds.count("QuantizeLinear") > 0
            assert "ReduceMin" in operators(int8.path / name)
        assert (static.precision, static.passport["ranges"], int8.passport["ranges"]) == ("int8", "static", "rows")
        assert static.passport["provenance"]["calibrated_on"].endswith("pairs.tsv")
        assert [verdict["ranges"] for verdict in static.passport["gates"]] == ["static"]
        assert [path for path in static.path.iterdir() if path.is_dir()] == []

    def test_a_vector_does_not_depend_on_its_batch(self, static: Bundle, int8: Bundle) -> None:
        texts = ["a red cat", "two dogs on the house", "blue"]

        def apart(bundle: Bundle) -> float:
            encoder = ClipEncoder(bundle, device="cpu", threads=1)
            alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
            return float(np.abs(encoder.encode_texts(texts) - alone).max())

        assert max(apart(static), apart(int8)) < 1e-6

    def test_vectors_are_near_those_of_fp32(self, static: Bundle, full: Bundle, gate: Gate) -> None:
        pairs = gate.load(full.image)
        ours, theirs = (embed_with_bundle(ClipEncoder(bundle, device="cpu"), pairs) for bundle in (static, full))
        for mine, other in zip(ours, theirs, strict=True):
            assert (mine * other).sum(1).min() > 0.98

    def test_auto_judges_both(self, checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
        calibration = Int8Calibration(gate.source, gate.load)
        made = export_bundle(str(checkpoint), tmp_path / "bundle", precision="auto", gate=gate, calibration=calibration)
        assert [row["ranges"] for row in made.passport["candidates"]] == [None, "rows", "static"]
        assert [verdict["ranges"] for verdict in made.passport["gates"]] == ["rows", "static"]
        assert sum(row["kept"] for row in made.passport["candidates"]) == 1
        assert Bundle.load(made.path, verify=True) == made
        assert [path for path in made.path.iterdir() if path.is_dir()] == []
