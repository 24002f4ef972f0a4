"""fp16 and bf16 emulated on a CPU: each node is rounded, and loses as much as ONNX's reference does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from clipseek.export.graph.files import load_graph

from tests.models import quiet
from tests.unit.export.graph.test_fp16_compute import cosine, evaluate, inputs

with quiet():
    from clipseek.export.graph.fp16_compute import ComputeDtype, convert_compute_dtype, emulate_compute_dtype

pytestmark = pytest.mark.train


def session_casts(path: Path, to: int, folder: Path) -> int:
    """Casts to that kind which onnxruntime's optimised graph still has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    nodes = load_graph(folder / "optimised.onnx").graph.node
    return sum(node.op_type == "Cast" and node.attribute[0].i == to for node in nodes)


@pytest.mark.parametrize(("kind", "to", "least"), [("fp16", 10, 0.99999), ("bf16", 16, 0.999)])
@pytest.mark.parametrize("tower", ["image", "text"])
def test_each_step_is_rounded_and_onnxruntime_keeps_it(
    kind: ComputeDtype, to: int, least: float, tower: str, plain_uint8: Path, tmp_path: Path
) -> None:
    from clipseek.encoder.device.session import open_session

    half, rounded = tmp_path / "half.onnx", tmp_path / "rounded.onnx"
    convert_compute_dtype(plain_uint8 / f"{tower}.onnx", half, kind)
    count = emulate_compute_dtype(half, rounded, kind)
    computing = Counter(node.op_type for node in load_graph(half).graph.node)
    assert count >= computing["MatMul"] + computing["LayerNormalization"] + computing["Softmax"] + computing["Sigmoid"]
    kept = session_casts(rounded, to, tmp_path)
    assert count - 3 <= kept <= count
    if kind == "fp16":  # which is why it is emulated: of the fp16 graph itself few are kept
        assert session_casts(half, to, tmp_path) < count / 2
    given = inputs(tower, plain_uint8)
    (ours,) = open_session(rounded, "cpu", 1).run(None, given)
    reference, full = evaluate(half, given), evaluate(plain_uint8 / f"{tower}.onnx", given)
    assert cosine(ours, reference) > least
    assert cosine(ours, full) < 0.9999999
    assert (
        abs(np.abs(ours - full).mean() / np.abs(reference - full).mean() - 1) < 0.5
    )  # loses as much as the real thing
