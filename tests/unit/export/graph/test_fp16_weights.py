"""Weights stored as float16: half the file, computed with in float32, and what the rounding costs."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle

from tests.models import quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle

pytestmark = pytest.mark.train


def spoil(checkpoint: Path, copy: Path, change: Any) -> Path:
    """A copy of the checkpoint with its weights changed by ``change(state_dict)``."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(checkpoint, copy)
    weights = load_file(copy / "model.safetensors")
    change(weights)
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


@pytest.fixture(scope="module")
def half(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "half", storage="fp16")


class TestHalfStorage:
    def test_files_are_half_and_computation_is_not(self, half: Bundle, full: Bundle) -> None:
        import onnx

        for name in ("image.onnx", "text.onnx"):
            model = onnx.load(str(half.path / name))
            onnx.checker.check_model(model)
            kinds = Counter(tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) >= 1024)
            assert set(kinds) == {onnx.TensorProto.FLOAT16}
            weights = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
            whole = sum(len(t.raw_data) for t in onnx.load(str(full.path / name)).graph.initializer)
            assert weights < 0.53 * whole
            types = {entry.type.tensor_type.elem_type for entry in [*model.graph.input, *model.graph.output]}
            assert onnx.TensorProto.FLOAT16 not in types
        assert half.passport["storage"] == "fp16"
        assert half.precision == "fp32"
        assert half.fingerprint != full.fingerprint

    def test_the_word_table_is_cast_after_the_lookup(self, half: Bundle) -> None:
        import onnx

        graph = onnx.load(str(half.path / "text.onnx")).graph
        halves = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16}
        lookups = [node for node in graph.node if node.op_type == "Gather" and node.input[0] in halves]
        assert lookups, "the token table is not among the halves"
        cast = {node.input[0] for node in graph.node if node.op_type == "Cast"}
        assert {node.output[0] for node in lookups} <= cast

    def test_what_rounding_costs_stands_beside_parity(self, half: Bundle, full: Bundle) -> None:
        parity = half.passport["parity"]
        assert parity["text_max_abs"] <= 1e-4  # against the rounded model
        assert 0 < parity["rounding"]["text_max_abs"] < 0.05  # against the model itself
        assert parity["rounding"]["text_min_cosine"] > 0.999
        assert "rounding" not in full.passport["parity"]

    def test_weights_beyond_float16_stay_as_they_are(self, checkpoint: Path, tmp_path: Path) -> None:
        def enlarge(weights: dict[str, Any]) -> None:
            name = "vision_model.encoder.layers.0.mlp.fc1.weight"
            weights[name][0, 0] = 1e6

        copy = spoil(checkpoint, tmp_path / "checkpoint", enlarge)
        bundle = export_bundle(str(copy), tmp_path / "bundle", storage="fp16")
        assert bundle.passport["parity"]["image_max_abs"] <= 1e-4
