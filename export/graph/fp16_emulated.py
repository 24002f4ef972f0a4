"""fp16 or bf16 compute emulated without a GPU: the same nodes in float32, each result rounded as a GPU would round it.

onnxruntime's CPU provider runs a float16 graph, but leaves out the rounding between its nodes; Cast nodes that the graph itself
has, down and up again, stay. What a GPU does inside one node (sums in float32, attention's inner products) is not emulated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .edit import replace_nodes
from .files import load_graph, save_graph
from .fp16_compute import ComputeDtype, tensor_type

#: Operators that compute, not only move, numbers.
_COMPUTE = {"MatMul", "Gemm", "Conv", "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Erf", "Tanh", "Sigmoid", "Softmax"}
_COMPUTE |= {"LayerNormalization", "Gelu", "MultiHeadAttention"}


def emulate_compute_dtype(tower: Path, out: Path, dtype: ComputeDtype) -> int:
    """Write ``tower``, which computes in ``dtype``, to ``out`` as a graph that computes in float32 and rounds after each node;
    returns how many nodes are rounded.
    """
    model = load_graph(tower)
    graph, lower = model.graph, tensor_type(dtype)
    dtypes: dict[str, int | None] = {entry.name: entry.type.tensor_type.elem_type for entry in graph.input}
    for tensor in graph.initializer:
        dtypes[tensor.name] = tensor.data_type
        _widen(tensor, lower)
    nodes: list[Any] = []
    count = 0
    for node in graph.node:
        own = _dtype(node, dtypes)
        dtypes.update(dict.fromkeys(node.output, own))
        for entry in node.attribute:
            if entry.name == "value":
                _widen(entry.t, lower)
        nodes.append(node)
        if own == lower and (node.op_type == "Cast" or node.op_type in _COMPUTE):
            nodes.extend(_rounding(node, lower))
            count += 1
    replace_nodes(graph, nodes)
    save_graph(model, out)
    return count


def _rounding(node: Any, lower: int) -> list[Any]:
    """Nodes that give the output of ``node`` its old name back, rounded to ``lower`` and cast to float32 again."""
    from onnx import TensorProto, helper

    name, nodes = node.output[0], []
    if node.op_type == "Cast":  # it rounds already
        node.output[0] = f"{name}.rounded"
    else:
        node.output[0] = f"{name}.full"
        nodes.append(helper.make_node("Cast", [f"{name}.full"], [f"{name}.rounded"], to=lower))
    return [*nodes, helper.make_node("Cast", [f"{name}.rounded"], [name], to=TensorProto.FLOAT)]


def _dtype(node: Any, dtypes: dict[str, int | None]) -> int | None:
    """The dtype of the node's output, for the operators in exports of CLIP."""
    from onnx import TensorProto

    given = {entry.name: entry for entry in node.attribute}
    if node.op_type == "Cast":
        return int(given["to"].i)
    if node.op_type in ("Constant", "ConstantOfShape"):
        return int(given["value"].t.data_type) if "value" in given else int(TensorProto.FLOAT)
    if node.op_type in ("Shape", "ArgMax"):
        return int(TensorProto.INT64)
    if node.op_type in ("Equal", "Less"):
        return int(TensorProto.BOOL)
    return dtypes.get(node.input[1 if node.op_type == "Where" else 0])


def _widen(tensor: Any, lower: int) -> None:
    """Make a tensor of dtype ``lower`` one of the same numbers in float32."""
    from onnx import numpy_helper

    if tensor.data_type == lower:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
