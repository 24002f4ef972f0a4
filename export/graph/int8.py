"""int8: weights of matrix products as int8; their inputs rounded by ranges of their own rows (in each run), or measured once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.files import weights_file

from ..errors import ExportRefused
from .files import load_graph, quiet, save_graph
from .int8_patches import quantize_patches
from .int8_rows import quantize_products


def quantize_by_rows(tower: Path, out: Path) -> int:
    """Write ``tower`` to ``out`` with int8 weights in every product of a weight; returns how many products that are.

    One scale a column, and for each row of what goes in one of its own, so that a vector is the same in any batch. Weights are
    signed and use seven of their eight bits: processors without VNNI or AMX add products in 16 bits, which eight would overflow,
    and that costs nothing that can be seen elsewhere. Unsigned weights would miss the fast kernels. The convolution that makes
    patches of bytes becomes such a product too. Attention's own products, norms, other convolutions and the token table stay as
    they are. Raises ExportRefused when there is nothing to quantize.
    """
    model = load_graph(tower)
    products = quantize_products(model)
    _check_any(products, out)
    patches = quantize_patches(model)
    save_graph(model, out)
    return products + patches


def quantize_statically(tower: Path, out: Path, inputs: Iterable[dict[str, Any]]) -> int:
    """Write ``tower`` to ``out`` with the products that ``quantize_by_rows`` quantizes; returns how many.

    ``inputs``: what the session is run with, batch by batch; the lowest and the highest value that goes into a product become the
    ends of its 256 steps. Raises ExportRefused when there is nothing to quantize.
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
    model = load_graph(out)
    products: int = sum(node.op_type == "QuantizeLinear" for node in model.graph.node)
    _check_any(products, out)
    apart = out.with_name(f"{out.name}.data")  # the quantizer's name for the file of a large graph's weights
    patches = quantize_patches(model)
    if patches or apart.exists():
        save_graph(model, out)
        apart.unlink(missing_ok=True)
    return products + patches


def _check_any(products: int, out: Path) -> None:
    if not products:
        raise ExportRefused(f"{out.name} has no product of weights that could be int8; export it with --precision fp32")
