"""A tower that computes in float16 or bfloat16, weights and all; its inputs and outputs keep their dtypes.

(``fp16_weights`` stores float16 and computes in float32.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from clipseek.encoder.bundle.bundle import FLOATS

from .edit import rename_inputs, rename_outputs, replace_nodes
from .files import load_graph, save_graph

ComputeDtype: TypeAlias = Literal["fp16", "bf16"]

_IN, _OUT = "half_in", "half_out"  # in the tensors' names, which are part of a bundle's fingerprint
#: Operators that ONNX has in bfloat16 only from opsets 20 and 22 on stay in float32: patches are made in it.
_FLOAT_ONLY: dict[ComputeDtype, tuple[str, ...]] = {"fp16": (), "bf16": ("Conv", "ConstantOfShape")}


def tensor_type(dtype: ComputeDtype) -> int:
    """ONNX's number of ``dtype``."""
    from onnx import TensorProto

    return int(TensorProto.FLOAT16 if dtype == "fp16" else TensorProto.BFLOAT16)


def convert_compute_dtype(tower: Path, out: Path, dtype: ComputeDtype) -> int:
    """Write ``tower`` to ``out`` with every float32 node in ``dtype``; returns how many matrix products that are.

    Pixels are scaled in float32 first, and vectors come out in float32, to be normalised so. Numbers beyond float16 (a mask's
    minus infinity) become its largest.
    """
    model = load_graph(tower)
    graph, to = model.graph, tensor_type(dtype)
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
        converted = _converted(tensor, to)
        if tensor.name not in kept:
            tensor.CopyFrom(converted)
            continue
        converted.name = f"{tensor.name}.{_IN}"
        graph.initializer.append(converted)
        rename_inputs(inside, {tensor.name: converted.name})


def _convert_constants(node: Any, to: int) -> None:
    """Convert the float32 values in a node's attributes."""
    from onnx import TensorProto

    for entry in node.attribute:
        if entry.name == "value" and entry.t.data_type == TensorProto.FLOAT:
            entry.t.CopyFrom(_converted(entry.t, to))
        elif node.op_type == "Cast" and entry.name == "to" and entry.i == TensorProto.FLOAT:
            entry.i = to


def _converted(tensor: Any, to: int) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    values = numpy_helper.to_array(tensor)
    if to == TensorProto.FLOAT16:
        most = float(np.finfo(np.float16).max)
        return numpy_helper.from_array(values.clip(-most, most).astype(np.float16), tensor.name)
    return numpy_helper.from_array(values.astype(helper.tensor_dtype_to_np_dtype(to)), tensor.name)
