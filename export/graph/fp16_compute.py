"""A tower that computes in float16 or bfloat16, weights and all; its inputs and outputs keep their dtypes.

(``fp16_weights`` stores float16 and computes in float32.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from clipseek.encoder.bundle.bundle import FLOATS

from .files import load_graph, rename_inputs, rename_outputs, replace_nodes, save_graph

ComputeDtype: TypeAlias = Literal["fp16", "bf16"]

_IN, _OUT = "half_in", "half_out"  # in the tensors' names, which are part of a bundle's fingerprint
#: Operators that ONNX has in bfloat16 only from opsets 20 and 22 on stay in float32: patches are made in it.
_FLOAT_ONLY: dict[ComputeDtype, tuple[str, ...]] = {"fp16": (), "bf16": ("Conv", "ConstantOfShape")}

#: Operators that compute, not only move, numbers.
_COMPUTE = {"MatMul", "Gemm", "Conv", "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Erf", "Tanh", "Sigmoid", "Softmax"}
_COMPUTE |= {"LayerNormalization", "Gelu", "MultiHeadAttention"}


def _tensor_type(dtype: ComputeDtype) -> int:
    """ONNX's number of ``dtype``."""
    from onnx import TensorProto

    return int(TensorProto.FLOAT16 if dtype == "fp16" else TensorProto.BFLOAT16)


def convert_compute_dtype(tower: Path, out: Path, dtype: ComputeDtype) -> int:
    """Write ``tower`` to ``out`` with every float32 node in ``dtype``; returns how many matrix products that are.

    Pixels are scaled in float32 first, and vectors come out in float32, to be normalised so. Numbers beyond float16 (a mask's
    minus infinity) become its largest.
    """
    model = load_graph(tower)
    graph, to = model.graph, _tensor_type(dtype)
    full = [node for node in graph.node if node.op_type in _FLOAT_ONLY[dtype] and _gives_floats(node)]
    before = _ancestors(graph, {FLOATS, *(node.input[0] for node in full)})
    outside = {id(node) for node in (*before, *full)}
    inside = [node for node in graph.node if id(node) not in outside]
    _convert_weights(graph, inside, [*before, *full], to)
    for node in inside:
        _convert_constants(node, to)
    replace_nodes(graph, _with_casts(graph, outside, {FLOATS, *(name for node in full for name in node.output)}, to))
    save_graph(model, out)
    return sum(node.op_type in ("MatMul", "Gemm") for node in inside)


def _with_casts(graph: Any, outside: set[int], floats: set[str], to: int) -> list[Any]:
    """All nodes, with a Cast to ``to`` behind each of ``floats`` and one to float32 before each output of the graph.

    ``outside``: ids of the nodes that stay in float32.
    """
    from onnx import TensorProto, helper

    inside = [node for node in graph.node if id(node) not in outside]
    rename_inputs(inside, {name: f"{name}.{_IN}" for name in floats})
    rename_outputs(inside, {entry.name: f"{entry.name}.{_OUT}" for entry in graph.output})
    nodes: list[Any] = []
    for node in graph.node:
        nodes.append(node)
        for name in node.output:
            if name in floats:
                nodes.append(helper.make_node("Cast", [name], [f"{name}.{_IN}"], to=to))
            elif name.endswith(f".{_OUT}"):
                nodes.append(helper.make_node("Cast", [name], [name.removesuffix(f".{_OUT}")], to=TensorProto.FLOAT))
    if any(entry.name == FLOATS for entry in graph.input):  # a graph that takes normalised pixels
        nodes.insert(0, helper.make_node("Cast", [FLOATS], [f"{FLOATS}.{_IN}"], to=to))
    return nodes


def _ancestors(graph: Any, names: set[str]) -> list[Any]:
    """The nodes that ``names`` are computed by, back to the graph's inputs, or to a Shape, which is the same in any dtype."""
    wanted, nodes = set(names), []
    for node in reversed(graph.node):
        if wanted.intersection(node.output) and node.op_type != "Shape":
            nodes.append(node)
            wanted.update(node.input)
    return nodes


def _gives_floats(node: Any) -> bool:
    """Whether a node gives float32, where an attribute holds its value."""
    from onnx import TensorProto

    return all(entry.t.data_type == TensorProto.FLOAT for entry in node.attribute if entry.name == "value")


def _convert_weights(graph: Any, inside: list[Any], outside: list[Any], to: int) -> None:
    """Convert float32 weights that ``inside`` uses; one that ``outside`` uses too is kept beside its copy."""
    from onnx import TensorProto

    used = {name for node in inside for name in node.input}
    kept = {name for node in outside for name in node.input}
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or tensor.name not in used:
            continue
        if tensor.name in kept:
            copy = graph.initializer.add()
            copy.CopyFrom(tensor)
            copy.name = f"{tensor.name}.{_IN}"
            rename_inputs(inside, {tensor.name: copy.name})
            tensor = copy
        _convert(tensor, TensorProto.FLOAT, to)


def _convert_constants(node: Any, to: int) -> None:
    """Convert the float32 values in a node's attributes."""
    from onnx import TensorProto

    for entry in node.attribute:
        if entry.name == "value":
            _convert(entry.t, TensorProto.FLOAT, to)
        elif node.op_type == "Cast" and entry.name == "to" and entry.i == TensorProto.FLOAT:
            entry.i = to


def emulate_compute_dtype(tower: Path, out: Path, dtype: ComputeDtype) -> int:
    """Write ``tower``, which computes in ``dtype``, to ``out`` as a graph that computes in float32 and rounds after each node;
    returns how many nodes are rounded.

    onnxruntime's CPU provider runs a float16 graph, but leaves out the rounding between its nodes; Cast nodes of the graph itself,
    down and up again, stay. What a GPU does inside one node (sums in float32, attention's inner products) is not emulated.
    """
    from onnx import TensorProto

    model = load_graph(tower)
    graph, lower = model.graph, _tensor_type(dtype)
    dtypes: dict[str, int | None] = {entry.name: entry.type.tensor_type.elem_type for entry in graph.input}
    for tensor in graph.initializer:
        dtypes[tensor.name] = tensor.data_type
        _convert(tensor, lower, TensorProto.FLOAT)
    nodes: list[Any] = []
    count = 0
    for node in graph.node:
        own = _dtype(node, dtypes)
        dtypes.update(dict.fromkeys(node.output, own))
        for entry in node.attribute:
            if entry.name == "value":
                _convert(entry.t, lower, TensorProto.FLOAT)
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


def _convert(tensor: Any, dtype: int, to: int) -> None:
    """Convert a tensor in place where it is of ``dtype``; numbers beyond float16 become its largest."""
    from onnx import TensorProto, helper, numpy_helper

    if tensor.data_type == dtype:
        values = numpy_helper.to_array(tensor)
        if to == TensorProto.FLOAT16:
            most = float(np.finfo(np.float16).max)
            values = values.clip(-most, most)
        tensor.CopyFrom(numpy_helper.from_array(values.astype(helper.tensor_dtype_to_np_dtype(to)), tensor.name))
