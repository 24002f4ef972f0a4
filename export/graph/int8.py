"""Dynamic int8: weights of matrix products as int8, their inputs rounded run by run. Needs the onnx package."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from clipseek.encoder.errors import EncoderError

from .files import load_graph, save_graph
from .int8_patches import reduce_patches

#: What a product of int8 becomes in a graph; their number tells whether the reduction took place.
PRODUCT = "MatMulInteger"


def reduce_to_int8(tower: Path, out: Path) -> int:
    """Write ``tower`` to ``out`` with int8 weights in every product of a weight; returns how many products that are.

    One scale a column. Weights are signed and use seven of their eight bits: processors without VNNI or AMX add products
    in 16 bits, which eight would overflow, and that costs nothing that can be seen elsewhere. Unsigned weights would miss
    the fast kernels. The convolution that makes patches of bytes becomes such a product too. Attention's own products, norms,
    other convolutions and the word table stay as they are. Raises EncoderError when there is nothing to reduce.
    """
    with quiet():
        from onnx import TensorProto
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            tower,
            out,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},  # behind nodes that onnx itself does not know
        )
    return finish(out, PRODUCT)


def finish(out: Path, product: str) -> int:
    """Reduce the patches too, in the graph at ``out``; how many nodes ``product`` it has. EncoderError where none."""
    model = load_graph(out)
    products: int = sum(node.op_type == product for node in model.graph.node)
    if not products:
        raise EncoderError(f"{out.name} has no product of weights that could be int8; export it with --precision fp32")
    theirs = out.with_name(f"{out.name}.data")  # so the quantiser calls the weights' file of a large graph
    patches = reduce_patches(model)
    if patches or theirs.exists():
        save_graph(model, out)
        theirs.unlink(missing_ok=True)
    return products + patches


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The quantiser advises, on the root logger, a preparation that changes nothing for these graphs."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)
