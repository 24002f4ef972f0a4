"""int8 by rows: every product of a weight, and nothing else; other vectors under another fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder, Picture
from clipseek.export.graph.int8 import quantize_by_rows
from clipseek.export.graph.int8_rows import PRODUCT, round_rows_alone

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
        assert ours.count(PRODUCT) == LAYERS * PRODUCTS + 1  # and the projection
        assert ours.count("MatMulInteger") == patches
        assert (ours.count("Conv"), theirs.count("Conv")) == (0, patches)
        # Attention's own products stay: two a layer, one fused node a layer in the text tower.
        attention = 2 * LAYERS - 2 * ours.count("MultiHeadAttention")
        assert ours.count("MatMul") == theirs.count("MatMul") - ours.count(PRODUCT) == attention
        assert (int8.path / name).stat().st_size < (full.path / name).stat().st_size
    assert sorted(path.name for path in int8.path.iterdir()) == sorted(path.name for path in full.path.iterdir())


def test_vectors_are_near_but_another_fingerprint_keeps_them_apart(int8: Bundle, full: Bundle) -> None:
    assert (int8.precision, full.precision) == ("int8", "fp32")
    assert int8.fingerprint != full.fingerprint
    texts = ["a red cat", "two dogs on the house", "blue"]
    ours, theirs = (ClipEncoder(bundle, device="cpu").encode_texts(texts) for bundle in (int8, full))
    assert (ours * theirs).sum(1).min() > 0.99
    assert np.abs(ours - theirs).max() > 1e-5  # so mixing them in an index would be wrong


def encoded(bundle: Bundle, batch: int, threads: int) -> tuple[Any, Any]:
    """Vectors of 64 captions of many lengths, and of 64 pictures from nearly black to glaring ones."""
    encoder = ClipEncoder(bundle, device="cpu", batch_size=batch, threads=threads)
    texts = [f"{'a red cat and a dog ' * (number % 5)}{number}" for number in range(64)]
    rng, size = np.random.default_rng(0), bundle.image.size
    ceilings = np.linspace(2, 256, 64).astype(int)
    pictures = [Picture(rng.integers(0, most, (size, size, 3), np.uint8), size, size) for most in ceilings]
    return encoder.encode_texts(texts), encoder.encode_pictures(pictures)


@pytest.mark.parametrize(("batch", "threads"), [(32, 1), (32, 2), (64, 1), (64, 2)])
def test_a_vector_does_not_depend_on_its_company(int8: Bundle, batch: int, threads: int) -> None:
    for alone, together in zip(encoded(int8, 1, 1), encoded(int8, batch, threads), strict=True):
        assert (alone * together).sum(1).min() >= 0.9999


@pytest.mark.parametrize("opset", [17, 20])
def test_other_operator_sets(checkpoint: Path, full: Bundle, tmp_path: Path, opset: int) -> None:
    made = export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", opset=opset)
    for ours, theirs in zip(encoded(made, 32, 2), encoded(full, 32, 2), strict=True):
        assert (ours * theirs).sum(1).min() > 0.98


def test_onnxruntimes_own_dynamic_towers_are_rounded_row_by_row(full: Bundle, plain: Path, tmp_path: Path) -> None:
    import onnx
    import onnxruntime
    from onnxruntime.quantization import quantize_dynamic

    ids = np.full((9, 12), Bundle.load(full.path).text.eos_id, np.int64)
    ids[:, :8] = np.random.default_rng(1).integers(0, 400, (9, 8))
    ids[0, 1:] = ids[0, 0]

    def moved(path: Path) -> float:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

        def run(rows: Any) -> Any:
            return session.run(None, {"input_ids": rows, "attention_mask": np.ones_like(rows)})[0]

        alone = np.concatenate([run(ids[row : row + 1]) for row in range(len(ids))])
        both = run(ids), alone
        lengths = [np.linalg.norm(rows, axis=1) for rows in both]
        return float(((both[0] * both[1]).sum(1) / lengths[0] / lengths[1]).min())

    with quiet():
        options: dict[str, Any] = {"op_types_to_quantize": ["MatMul"], "extra_options": {"DefaultTensorType": 1}}
        quantize_dynamic(plain / "text.onnx", tmp_path / "text.onnx", per_channel=True, **options)
    assert moved(tmp_path / "text.onnx") < 0.9999
    model = onnx.load(tmp_path / "text.onnx")
    assert round_rows_alone(model) > LAYERS
    onnx.save(model, tmp_path / "text.onnx")
    assert moved(tmp_path / "text.onnx") > 0.999999


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
        quantize_by_rows(tmp_path / "image.onnx", tmp_path / "out.onnx")
