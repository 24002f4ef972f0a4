"""The patches of a picture in int8: pixels are bytes already, so that only the weights are rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from clipseek.encoder.bundle.bundle import FLOATS, PIXELS
from numpy.typing import NDArray

from .files import prune

#: As in ``int8.reduce_to_int8``: seven bits, for processors that add products in 16 bits.
_MOST = 63


def reduce_patches(model: Any) -> bool:
    """Replace, in a picture tower that takes PIXELS, scaling, layout and the convolution that makes patches by one product of
    uint8 and int8. Returns whether that could be done: the convolution's steps must be its patches.

    With pixels x, the convolution is W (x / 255 - mean) / std + b = W' x + b', W' = W / (255 std) and b' = b - W mean / std; W'
    is rounded with one scale a column.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    found = _convolution(graph)
    if found is None:
        return False
    convolution, shapes = found
    size = next((entry.type.tensor_type.shape.dim[1].dim_value for entry in graph.input if entry.name == PIXELS), 0)
    if not size or any(name and name not in weights for name in convolution.input[1:]):
        return False
    kernel, *bias = (numpy_helper.to_array(weights[name]).astype(np.float64) for name in convolution.input[1:] if name)
    width, channels, side, other = kernel.shape
    asked = {entry.name: helper.get_attribute_value(entry) for entry in convolution.attribute}
    plain = {"strides": [side, side], "pads": [0] * 4, "dilations": [1, 1], "group": 1}
    if (
        side != other
        or channels != 3
        or size % side
        or any(asked.get(name, value) != value for name, value in plain.items())
    ):
        return False
    scale, shift = (_constant(graph, weights, kind).reshape(3) for kind in ("Mul", "Add"))
    matrix = (kernel * scale[:, None, None]).transpose(2, 3, 1, 0).reshape(-1, width)
    added = np.einsum("dcij,c->d", kernel, shift) + (bias[0] if bias else 0)
    steps = np.maximum(np.abs(matrix).max(0), 1e-30) / _MOST
    grid, row = size // side, side * side * 3
    values: dict[str, NDArray[Any]] = {
        "cut": np.array([-1, grid, side, grid, side * 3], np.int64),
        "rows": np.array([-1, grid * grid, row], np.int64),
        "weights": np.round(matrix / steps).astype(np.int8),
        "steps": steps.astype(np.float32),
        "bias": added.astype(np.float32),
        "grid": np.array([-1, width, grid, grid], np.int64),
    }
    name = "int8_patches"
    chain: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Reshape", ["cut"], {}),
        ("Transpose", [], {"perm": [0, 1, 3, 2, 4]}),
        ("Reshape", ["rows"], {}),
        ("MatMulInteger", ["weights"], {}),
        ("Cast", [], {"to": 1}),
        ("Mul", ["steps"], {}),
        ("Add", ["bias"], {}),
        ("Transpose", [], {"perm": [0, 2, 1]}),
        ("Reshape", ["grid"], {}),
    ]
    made, last = [], PIXELS
    for at, (kind, more, attributes) in enumerate(chain):
        given = convolution.output[0] if at == len(chain) - 1 else f"{name}.{at}"
        made.append(helper.make_node(kind, [last, *(f"{name}.{one}" for one in more)], [given], **attributes))
        last = given
    graph.initializer.extend(numpy_helper.from_array(value, f"{name}.{one}") for one, value in values.items())
    for node in shapes:
        node.input[0] = PIXELS  # as many pictures there, too
    graph.node.remove(convolution)
    for node in reversed(made):
        graph.node.insert(0, node)
    prune(graph)
    return True


def _convolution(graph: Any) -> tuple[Any, list[Any]] | None:
    """The one node that FLOATS go into, and the nodes that ask for their number; None where something else is made of them."""
    users = _users(graph, FLOATS)
    shapes = [node for node in users if node.op_type == "Shape"]
    rest = [node for node in users if node.op_type != "Shape"]
    while len(rest) == 1 and rest[0].op_type == "Cast":  # of floats to floats, as the exporter leaves it
        rest = _users(graph, rest[0].output[0])
    counted = all(
        user.op_type == "Gather" and _number(graph, user.input[1]) == 0
        for node in shapes
        for user in _users(graph, node.output[0])
    )
    if len(rest) != 1 or rest[0].op_type != "Conv" or not counted:
        return None
    return rest[0], shapes


def _users(graph: Any, name: str) -> list[Any]:
    return [node for node in graph.node if name in node.input]


def _number(graph: Any, name: str) -> int | None:
    """The one whole number that ``name`` is, where it is a constant."""
    from onnx import numpy_helper

    made = [
        entry.t for node in graph.node if name in node.output and node.op_type == "Constant" for entry in node.attribute
    ]
    values = [numpy_helper.to_array(one) for one in (*graph.initializer, *made) if one.name == name or one in made]
    return int(values[0].reshape(-1)[0]) if len(values) == 1 and values[0].size == 1 else None


def _constant(graph: Any, weights: dict[str, Any], kind: str) -> NDArray[np.float64]:
    """What the step ``kind`` on the way from PIXELS to FLOATS takes besides them."""
    from onnx import numpy_helper

    name = FLOATS
    while True:
        node = next(node for node in graph.node if name in node.output)
        if node.op_type == kind:
            return numpy_helper.to_array(weights[node.input[1]]).astype(np.float64)
        name = node.input[0]
