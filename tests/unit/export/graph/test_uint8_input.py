"""Pixels into a graph that was made for floats, and into int8 products, beside the graph that takes floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.run.preprocess import normalize
from clipseek.export.graph.files import load_graph, save_graph
from clipseek.export.graph.int8_patches import quantize_patches
from clipseek.export.graph.uint8_input import take_pixels
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SPEC = ImageSpec(24, (0.48, 0.46, 0.41), (0.27, 0.26, 0.28), "bicubic", (255, 255, 255))
PIXELS = np.random.default_rng(1).integers(0, 256, (5, 24, 24, 3), dtype=np.uint8)


def tower(path: Path, *, bias: bool = True, **attributes: Any) -> Path:
    """One convolution of patches of 8 x 8, as CLIP begins."""
    rng = np.random.default_rng(0)
    values = {"weight": rng.normal(0, 0.05, (16, 3, 8, 8)), "bias": rng.normal(0, 1, 16)}
    names = ["weight", "bias"][: 1 + bias]
    node = helper.make_node(
        "Conv", ["pixel_values", *names], ["states"], **{"kernel_shape": [8, 8], "strides": [8, 8], **attributes}
    )
    graph = helper.make_graph(
        [node],
        "tower",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, 24, 24])],
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, ["n", "d", "h", "w"])],
        [numpy_helper.from_array(values[name].astype(np.float32), name) for name in names],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    return path


def run(path: Path, **inputs: NDArray[Any]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows: NDArray[np.float32] = session.run(None, inputs)[0]
    return rows


@pytest.mark.parametrize("bias", [True, False])
def test_the_graph_makes_of_pixels_what_it_made_of_floats(bias: bool, tmp_path: Path) -> None:
    path = tower(tmp_path / "image.onnx", bias=bias)
    floats = run(path, pixel_values=np.stack([normalize(pixels, SPEC) for pixels in PIXELS]))
    take_pixels(path, SPEC)
    np.testing.assert_allclose(run(path, pixels=PIXELS), floats, atol=1e-5)
    model = load_graph(path)
    assert quantize_patches(model)
    save_graph(model, path)
    onnx.checker.check_model(str(path))
    kinds = [node.op_type for node in load_graph(path).graph.node]
    assert "Conv" not in kinds
    assert kinds.count("MatMulInteger") == 1
    assert {tensor.name for tensor in model.graph.initializer}.isdisjoint({"weight", "bias"})
    reduced = run(path, pixels=PIXELS)
    assert reduced.shape == floats.shape == (5, 16, 3, 3)
    # Weights alone are rounded, by at most half a step of a 63rd of their column's largest.
    assert np.abs(reduced - floats).max() < 0.05 * np.abs(floats).max()
    assert np.abs(reduced - floats).max() > 1e-6
    one = run(path, pixels=PIXELS[2:3])
    np.testing.assert_array_equal(one[0], reduced[2])  # nothing of it depends on the batch


def test_weights_of_seven_bits_are_rounded_not_at_all(tmp_path: Path) -> None:
    path = tower(tmp_path / "image.onnx", bias=False)
    model = load_graph(path)
    whole = np.random.default_rng(2).integers(-63, 64, (16, 3, 8, 8))
    whole[:, 0, 0, 0] = 63
    spec = ImageSpec(24, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bicubic", (255, 255, 255))
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(whole.astype(np.float32) / 63, "weight"))
    save_graph(model, path)
    floats = run(path, pixel_values=np.stack([normalize(pixels, spec) for pixels in PIXELS]))
    take_pixels(path, spec)
    model = load_graph(path)
    assert quantize_patches(model)
    save_graph(model, path)
    np.testing.assert_allclose(run(path, pixels=PIXELS), floats, atol=1e-4)


@pytest.mark.parametrize("attributes", [{"pads": [1, 1, 1, 1]}, {"strides": [4, 4]}, {"dilations": [2, 2]}])
def test_a_convolution_that_makes_no_patches_stays(attributes: dict[str, Any], tmp_path: Path) -> None:
    path = tower(tmp_path / "image.onnx", **attributes)
    take_pixels(path, SPEC)
    model = load_graph(path)
    assert not quantize_patches(model)
    assert "Conv" in [node.op_type for node in model.graph.node]


def test_a_tower_that_takes_floats_stays(tmp_path: Path) -> None:
    assert not quantize_patches(load_graph(tower(tmp_path / "image.onnx")))
