"""Dynamic int8: every product of a weight, and nothing else; other vectors under another fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.export.graph.int8 import PRODUCT, quantize_dynamically

from tests.models import quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused

pytestmark = pytest.mark.train

LAYERS, PRODUCTS = 2, 6  # of the tiny CLIP; query, key, value, output, and two of the MLP in each layer
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


def operators(path: Path) -> list[str]:
    import onnx

    return [node.op_type for node in onnx.load(str(path)).graph.node]


def test_every_product_of_a_weight_is_int8_and_nothing_else(int8: Bundle, full: Bundle) -> None:
    for name in ("image.onnx", "text.onnx"):
        ours, theirs = operators(int8.path / name), operators(full.path / name)
        patches = int(name == "image.onnx")
        assert ours.count(PRODUCT) == LAYERS * PRODUCTS + 1 + patches  # and the projection
        assert (ours.count("Conv"), theirs.count("Conv")) == (0, patches)
        # Attention's own products stay: two a layer, one fused node a layer in the text tower.
        attention = 2 * LAYERS - 2 * ours.count("MultiHeadAttention")
        assert ours.count("MatMul") == theirs.count("MatMul") - (ours.count(PRODUCT) - patches) == attention
        assert (int8.path / name).stat().st_size < (full.path / name).stat().st_size
    assert sorted(path.name for path in int8.path.iterdir()) == sorted(path.name for path in full.path.iterdir())


def test_vectors_are_near_but_another_fingerprint_keeps_them_apart(int8: Bundle, full: Bundle) -> None:
    assert (int8.precision, full.precision) == ("int8", "fp32")
    assert int8.fingerprint != full.fingerprint
    texts = ["a red cat", "two dogs on the house", "blue"]
    ours, theirs = (ClipEncoder(bundle, device="cpu").encode_texts(texts) for bundle in (int8, full))
    assert (ours * theirs).sum(1).min() > 0.99
    assert np.abs(ours - theirs).max() > 1e-5  # so mixing them in an index would be wrong


def test_stored_as_fp16_the_rest_shrinks_too(checkpoint: Path, int8: Bundle, tmp_path: Path) -> None:
    import onnx

    bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", storage="fp16")
    kinds = {tensor.data_type for tensor in onnx.load(str(bundle.path / "text.onnx")).graph.initializer}
    assert {onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8} <= kinds
    assert bundle.passport["sizes"]["text.onnx"] < int8.passport["sizes"]["text.onnx"]
    assert bundle.passport["storage"] == "fp16"


def test_a_graph_without_weights_to_reduce_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    value: Any = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "none", value[:1], value[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), str(tmp_path / "image.onnx"))
    with pytest.raises(ExportRefused, match="no product of weights"):
        quantize_dynamically(tmp_path / "image.onnx", tmp_path / "out.onnx")
