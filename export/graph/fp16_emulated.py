"""Half precision judged without a GPU: the same steps in float32, each result rounded as a GPU would round it.

onnxruntime's CPU provider runs a float16 graph, but leaves out the rounding between its steps; casts that the graph itself has,
down and up again, stay. What a GPU does inside one step (sums in float32, attention's inner parts) is not told apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .files import load_graph, save_graph
from .fp16_compute import Half

#: Steps that compute, not only move, numbers.
_COMPUTE = {"MatMul", "Gemm", "Conv", "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Erf", "Tanh", "Sigmoid", "Softmax"}
_COMPUTE |= {"LayerNormalization", "Gelu", "MultiHeadAttention"}


def round_each_step(tower: Path, out: Path, kind: Half) -> int:
    """Write ``tower``, which computes in ``kind``, to ``out`` as one that computes in float32 and rounds after each step; returns
    how many steps those are.
    """
    from onnx import TensorProto, helper

    model = load_graph(tower)
    graph = model.graph
    half = TensorProto.FLOAT16 if kind == "fp16" else TensorProto.BFLOAT16
    kinds = {entry.name: entry.type.tensor_type.elem_type for entry in graph.input}
    for tensor in graph.initializer:
        kinds[tensor.name] = tensor.data_type
        _widen(tensor, half)
    nodes: list[Any] = []
    count = 0
    for node in graph.node:
        made = _kind(node, kinds)
        kinds.update(dict.fromkeys(node.output, made))
        for entry in node.attribute:
            if entry.name == "value":
                _widen(entry.t, half)
        nodes.append(node)
        into = node.op_type == "Cast" and made == half
        if made == half and (into or node.op_type in _COMPUTE):
            name = node.output[0]
            if not into:
                node.output[0] = f"{name}.full"
                nodes.append(helper.make_node("Cast", [f"{name}.full"], [f"{name}.rounded"], to=half))
            else:
                node.output[0] = f"{name}.rounded"
            nodes.append(helper.make_node("Cast", [f"{name}.rounded"], [name], to=TensorProto.FLOAT))
            count += 1
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    save_graph(model, out)
    return count


def _kind(node: Any, kinds: dict[str, int]) -> int | None:
    """The kind of numbers that the node gives, in the graphs that exports of CLIP are."""
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
    return kinds.get(node.input[1 if node.op_type == "Where" else 0])


def _widen(tensor: Any, half: int) -> None:
    """The same numbers in float32."""
    from onnx import numpy_helper

    if tensor.data_type == half:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
