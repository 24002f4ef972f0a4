"""Static int8: the inputs' ranges are measured once, on the user's own data, and not run by run. Needs the onnx package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.bundle import weights_file

from .files import load_graph
from .int8_dynamic import finish
from .quiet import quiet


def quantize_statically(tower: Path, out: Path, inputs: Iterable[dict[str, Any]]) -> int:
    """Write ``tower`` to ``out`` with the products that ``int8_dynamic.quantize_dynamically`` quantizes; returns how many.

    ``inputs``: what the session is run with, batch by batch; the lowest and the highest value that goes into a product become the
    ends of its 256 steps. A vector no longer depends on its batch. Raises ExportRefused when there is nothing to quantize.
    """
    with quiet():
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

        class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
            def __init__(self) -> None:
                self.batches = iter(inputs)

            def get_next(self) -> dict[str, Any] | None:
                return next(self.batches, None)

        model = load_graph(tower)
        weights = {tensor.name for tensor in model.graph.initializer}
        # Products of two inputs are attention's own.
        attention = [
            node.name for node in model.graph.node if node.op_type == "MatMul" and not weights.intersection(node.input)
        ]
        quantize_static(
            tower,
            out,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=attention,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            use_external_data_format=weights_file(tower).exists(),  # of the graph that measures, too
            extra_options={"OpTypesToExcludeOutputQuantization": ["MatMul"]},
        )
    return finish(out, "QuantizeLinear")
