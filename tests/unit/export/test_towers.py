"""The two graphs as the exporter writes them."""

from __future__ import annotations

import pytest
from clipseek.encoder import Bundle

from tests.models import quiet

with quiet():
    pass

pytestmark = pytest.mark.train


def test_graphs_take_any_batch_and_length(full: Bundle) -> None:
    import onnx

    shapes = {}
    for name in ("image.onnx", "text.onnx"):
        graph = onnx.load(str(full.path / name)).graph
        for entry in [*graph.input, *graph.output]:
            shapes[entry.name] = [dim.dim_param or dim.dim_value for dim in entry.type.tensor_type.shape.dim]
    assert shapes == {
        "pixels": ["batch", 32, 32, 3],
        "image_embeds": ["batch", 48],
        "input_ids": ["batch", "sequence"],
        "attention_mask": ["batch", "sequence"],
        "text_embeds": ["batch", 48],
    }


def test_the_opset_is_pinned_and_stated(full: Bundle) -> None:
    import onnx

    assert full.passport["provenance"]["opset"] == 18
    for name in ("image.onnx", "text.onnx"):
        versions = {entry.domain: entry.version for entry in onnx.load(str(full.path / name)).opset_import}
        assert versions[""] == 18
