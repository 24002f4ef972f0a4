"""Weights stored as float16, computed with in float32: half the file, the same graph."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .files import load_graph, replace_nodes, save_graph

if TYPE_CHECKING:
    from transformers import CLIPModel

# Biases and norms are a hundredth of the file and the part that rounding hurts most.
_SMALLEST = 1024  # numbers


@torch.no_grad()
def round_weights_to_fp16(model: CLIPModel) -> None:
    """Round, in place, every large weight to what float16 can hold; one that would overflow is left alone."""
    for weight in model.parameters():
        if weight.numel() >= _SMALLEST and weight.abs().max() <= torch.finfo(torch.float16).max:
            weight.copy_(weight.half().float())


def store_weights_as_fp16(path: Path) -> None:
    """Rewrite the graph at ``path``: a weight that float16 holds exactly is stored so, with a Cast to float32 where it is used.

    Nothing is rounded here: after ``round_weights_to_fp16`` that is every large weight. A table that only Gather reads is cast
    after the Gather, so that loading never makes a float32 copy of the whole table.
    """
    from onnx import TensorProto, helper, numpy_helper

    model = load_graph(path)
    graph = model.graph
    users: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in set(node.input):
            users[name].append(node)
    first: list[Any] = []
    after: dict[str, Any] = {}  # output of a Gather -> the Cast behind it
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < _SMALLEST:
            continue
        with np.errstate(over="ignore"):
            rounded = values.astype(np.float16)
        if not np.array_equal(rounded.astype(np.float32), values):
            continue
        name = tensor.name
        gathers = [node for node in users[name] if node.op_type == "Gather" and list(node.input).index(name) == 0]
        if gathers and len(gathers) == len(users[name]):
            tensor.CopyFrom(numpy_helper.from_array(rounded, name))
            for node in gathers:
                output, node.output[0] = node.output[0], f"{node.output[0]}.half"
                after[node.output[0]] = helper.make_node("Cast", [node.output[0]], [output], to=TensorProto.FLOAT)
        else:
            tensor.CopyFrom(numpy_helper.from_array(rounded, f"{name}.half"))
            first.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = list(first)
    for node in graph.node:
        nodes.append(node)
        nodes.extend(after[output] for output in node.output if output in after)
    replace_nodes(graph, nodes)
    save_graph(model, path)
