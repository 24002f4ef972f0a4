"""A tower that computes in float16 or bfloat16, weights and all; what goes in and what comes out stays as it was.

Not ``half.py``, whose graphs store float16 and compute in float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from clipseek.encoder.bundle.bundle import FLOATS

from .files import load_graph, save_graph

Half: TypeAlias = Literal["fp16", "bf16"]

_IN, _OUT = "half_in", "half_out"
#: What ONNX has in bfloat16 from opsets 20 and 22 on only stays in float32: so patches are made in that.
_FLOAT_ONLY: dict[Half, tuple[str, ...]] = {"fp16": (), "bf16": ("Conv", "ConstantOfShape")}


def compute_in_half(tower: Path, out: Path, kind: Half) -> int:
    """Write ``tower`` to ``out`` with every float32 step in ``kind``; returns how many products of matrices that are.

    Pixels are scaled in float32 first, and vectors come out in float32, to be normalised so. Numbers beyond float16 (a mask's
    minus infinity) become its largest.
    """
    from onnx import TensorProto, helper

    model = load_graph(tower)
    graph, to = model.graph, TensorProto.FLOAT16 if kind == "fp16" else TensorProto.BFLOAT16
    full = [node for node in graph.node if node.op_type in _FLOAT_ONLY[kind] and _gives_floats(node)]
    before = _made_for(graph, {FLOATS, *(node.input[0] for node in full)})
    outside = {id(node) for node in (*before, *full)}
    inside = [node for node in graph.node if id(node) not in outside]
    _reduce_weights(graph, inside, [*before, *full], to)
    for node in inside:
        _reduce_constants(node, to)
    nodes: list[Any] = []
    floats = {FLOATS, *(name for node in full for name in node.output)}
    graph_outputs = {entry.name for entry in graph.output}
    for node in graph.node:
        if id(node) not in outside:
            for at, name in enumerate(node.input):
                if name in floats:
                    node.input[at] = f"{name}.{_IN}"
            for at, name in enumerate(node.output):
                if name in graph_outputs:
                    node.output[at] = f"{name}.{_OUT}"
        nodes.append(node)
        for name in node.output:
            if name in floats:
                nodes.append(helper.make_node("Cast", [name], [f"{name}.{_IN}"], to=to))
            elif name.endswith(f".{_OUT}"):
                nodes.append(helper.make_node("Cast", [name], [name.removesuffix(f".{_OUT}")], to=TensorProto.FLOAT))
    if any(entry.name == FLOATS for entry in graph.input):  # a graph that takes floats as they are
        nodes.insert(0, helper.make_node("Cast", [FLOATS], [f"{FLOATS}.{_IN}"], to=to))
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]  # inferred types of what is now another
    save_graph(model, out)
    return sum(node.op_type in ("MatMul", "Gemm") for node in inside)


def _made_for(graph: Any, names: set[str]) -> list[Any]:
    """The nodes that ``names`` are made by, back to the graph's inputs, and to sizes, which are the same of any numbers."""
    wanted, found = set(names), []
    for node in reversed(graph.node):
        if wanted.intersection(node.output) and node.op_type != "Shape":
            found.append(node)
            wanted.update(node.input)
    return found


def _gives_floats(node: Any) -> bool:
    """Float32, where its kind is said by an attribute."""
    from onnx import TensorProto

    return all(entry.t.data_type == TensorProto.FLOAT for entry in node.attribute if entry.name == "value")


def _reduce_weights(graph: Any, inside: list[Any], outside: list[Any], to: int) -> None:
    """Float32 weights that ``inside`` uses; one that ``outside`` uses too is there twice then."""
    from onnx import TensorProto

    used = {name for node in inside for name in node.input}
    kept = {name for node in outside for name in node.input}
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or tensor.name not in used:
            continue
        reduced = _reduced(tensor, to)
        if tensor.name not in kept:
            tensor.CopyFrom(reduced)
            continue
        reduced.name = f"{tensor.name}.{_IN}"
        graph.initializer.append(reduced)
        for node in inside:
            for at, name in enumerate(node.input):
                if name == tensor.name:
                    node.input[at] = reduced.name


def _reduce_constants(node: Any, to: int) -> None:
    """What a node makes float32 by its attributes."""
    from onnx import TensorProto

    for entry in node.attribute:
        if entry.name == "value" and entry.t.data_type == TensorProto.FLOAT:
            entry.t.CopyFrom(_reduced(entry.t, to))
        elif node.op_type == "Cast" and entry.name == "to" and entry.i == TensorProto.FLOAT:
            entry.i = to


def _reduced(tensor: Any, to: int) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    values = numpy_helper.to_array(tensor)
    if to == TensorProto.FLOAT16:
        most = float(np.finfo(np.float16).max)
        return numpy_helper.from_array(values.clip(-most, most).astype(np.float16), tensor.name)
    return numpy_helper.from_array(values.astype(helper.tensor_dtype_to_np_dtype(to)), tensor.name)
