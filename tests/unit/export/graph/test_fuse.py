"""Attention is one node a layer in what is exported, and the vectors stay what they were."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from clipseek.encoder.device.session import open_session
from onnx import TensorProto, helper

from tests.models import make_tiny_bundle, quiet

with quiet():
    from clipseek.export.graph.fuse import ATTENTION, fuse_attention

pytestmark = pytest.mark.train

LAYERS, HEADS = 2, 4  # of the tiny CLIP


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(str(path)).graph.node)


def inputs(tower: str) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    if tower == "image":
        return {"pixel_values": rng.standard_normal((5, 3, 32, 32)).astype(np.float32)}
    ids = rng.integers(0, 200, (5, 12))
    mask = np.ones_like(ids)
    end = 564  # replaced below by the largest id, which is end-of-text
    for row, length in enumerate((2, 5, 12, 7, 3)):
        ids[row, length - 1 :], mask[row, length:] = end, 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize(("tower", "causal"), [("image", False), ("text", True)])
def test_one_node_a_layer_and_equal_vectors(tower: str, causal: bool, plain: Path, tmp_path: Path) -> None:
    before, after = plain / f"{tower}.onnx", tmp_path / f"{tower}.onnx"
    after.write_bytes(before.read_bytes())
    assert fuse_attention(after, HEADS, causal=causal) == LAYERS
    onnx.checker.check_model(onnx.load(str(after)))
    counts = operators(after)
    assert counts[ATTENTION] == LAYERS == operators(before)["Softmax"]
    assert counts["Softmax"] == 0
    assert sum(counts.values()) < 0.6 * sum(operators(before).values())
    given = inputs(tower)
    if tower == "text":
        table = next(t for t in onnx.load(str(before)).graph.initializer if "token_embedding" in t.name)
        given["input_ids"][given["input_ids"] == 564] = table.dims[0] - 1
    ours, theirs = (open_session(path, "cpu", 1).run(None, given)[0] for path in (after, before))
    np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)
    assert np.abs(theirs - theirs[0]).max() > 0.01  # rows differ, so equality means something


def test_a_bundle_has_it_in_the_text_tower(checkpoint: Path, tmp_path: Path) -> None:
    bundle = make_tiny_bundle(checkpoint, tmp_path / "bundle")
    assert bundle.passport["provenance"]["fused_attention"] == {"text": LAYERS}
    assert operators(bundle.path / "text.onnx")[ATTENTION] == LAYERS


def test_a_softmax_that_is_no_attention_stays(tmp_path: Path) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Softmax", ["x"], ["y"])], "other", ends[:1], ends[1:])
    path = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), str(path))
    before = path.read_bytes()
    assert fuse_attention(path, HEADS, causal=False) == 0
    assert path.read_bytes() == before
