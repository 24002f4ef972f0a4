"""A precision is written when it passes its gate or its loss is accepted; auto takes the fastest that passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.encoder import Bundle

from tests.models import quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused
    from clipseek.export.gate import Gate

pytestmark = pytest.mark.train

LAYERS, PRODUCTS = 2, 6  # of the tiny CLIP; query, key, value, output, and two of the MLP in each layer
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


class TestALossTooLarge:
    def strict(self, gate: Gate) -> Gate:
        return Gate(gate.source, gate.load, tolerance=-2.0)  # no model gains so much

    def test_is_refused_and_nothing_is_written(self, checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
        with pytest.raises(ExportRefused, match=r"does not pass its gate: .*--accept-loss") as caught:
            export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", gate=self.strict(gate))
        assert "\n" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    def test_can_be_accepted_and_the_passport_says_so(self, checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
        bundle = export_bundle(
            str(checkpoint), tmp_path / "bundle", precision="int8", gate=self.strict(gate), accept_loss=True
        )
        (verdict,) = bundle.passport["gates"]
        assert (verdict["passed"], verdict["accepted_loss"], bundle.precision) == (False, True, "int8")

    def test_is_never_chosen_by_auto(self, checkpoint: Path, gate: Gate, full: Bundle, tmp_path: Path) -> None:
        bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="auto", gate=self.strict(gate))
        assert bundle.fingerprint == full.fingerprint
        assert [(row["precision"], row["passed"], row["kept"]) for row in bundle.passport["candidates"]] == [
            ("fp32", True, True),
            ("int8", False, False),
        ]


def test_auto_keeps_the_faster_of_those_that_pass(checkpoint: Path, tmp_path: Path) -> None:
    bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="auto")
    table = bundle.passport["candidates"]
    seconds = [1 / row["pictures_per_second"] + 1 / row["texts_per_second"] for row in table]
    assert [row["kept"] for row in table] == [at == seconds.index(min(seconds)) for at in range(2)]
    assert bundle.precision == next(row["precision"] for row in table if row["kept"])
    assert [path for path in bundle.path.iterdir() if path.is_dir()] == []
