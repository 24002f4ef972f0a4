"""The patches of a picture in int8: pixels are bytes already, so that only the weights are rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from clipseek.encoder.bundle.bundle import FLOATS, PIXELS
from numpy.typing import NDArray

from .files import prune

#: As in ``int8``: seven bits, for processors that add products in 16 bits.
_MOST = 63
_PREFIX = "int8_patches"


def quantize_patches(model: Any) -> bool:
    """Replace, in a picture tower that takes PIXELS, scaling, layout and the convolution that makes patches by one product of
    uint8 and int8. Returns whether that could be done: the convolution's strides must be its patches' sides.

    With pixels x, the convolution is W (x / 255 - mean) / std + b = W' x + b', W' = W / (255 std) and b' = b - W mean / std; W'
    is rounded with one scale a column.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    size = next((entry.type.tensor_type.shape.dim[1].dim_value for entry in graph.input if entry.name == PIXELS), 0)
    convolution, shapes = _convolution(graph)
    names = [name for name in convolution.input[1:] if name] if convolution else []
    if not size or not names or any(name not in weights for name in names):
        return False
    kernel, *bias = (numpy_helper.to_array(weights[name]).astype(np.float64) for name in names)
    _, channels, side, other = kernel.shape
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in convolution.attribute}
    plain = {"strides": [side, side], "pads": [0] * 4, "dilations": [1, 1], "group": 1}
    if (
        side != other
        or channels != 3
        or size % side
        or any(attributes.get(name, value) != value for name, value in plain.items())
    ):
        return False
    scale, shift = _constant(graph, weights, "Mul"), _constant(graph, weights, "Add")
    values = _values(kernel, bias[0] if bias else np.zeros(len(kernel)), scale, shift, size)
    graph.initializer.extend(numpy_helper.from_array(value, f"{_PREFIX}.{name}") for name, value in values.items())
    for node in shapes:
        node.input[0] = PIXELS  # there are as many pictures there
    graph.node.remove(convolution)
    for node in reversed(_nodes(convolution.output[0])):
        graph.node.insert(0, node)
    prune(graph)
    return True


def _values(
    kernel: NDArray[np.float64],
    bias: NDArray[np.float64],
    scale: NDArray[np.float64],
    shift: NDArray[np.float64],
    size: int,
) -> dict[str, NDArray[Any]]:
    """The constants that ``_nodes`` names. ``kernel`` (D, 3, P, P) is for pixels times ``scale`` plus ``shift``, (3,) each, of
    pictures of ``size``."""
    width, _, side, _ = kernel.shape
    matrix = (kernel * scale[:, None, None]).transpose(2, 3, 1, 0).reshape(-1, width)
    steps = np.maximum(np.abs(matrix).max(0), 1e-30) / _MOST
    grid = size // side
    return {
        "cut": np.array([-1, grid, side, grid, side * 3], np.int64),
        "rows": np.array([-1, grid * grid, side * side * 3], np.int64),
        "weights": np.round(matrix / steps).astype(np.int8),
        "steps": steps.astype(np.float32),
        "bias": (np.einsum("dcij,c->d", kernel, shift) + bias).astype(np.float32),
        "grid": np.array([-1, width, grid, grid], np.int64),
    }


def _nodes(output: str) -> list[Any]:
    """(N, S, S, 3) uint8 PIXELS -> (N, D, G, G) float32 ``output``, what the convolution gave."""
    from onnx import helper

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
    nodes, last = [], PIXELS
    for number, (kind, constants, attributes) in enumerate(chain):
        given = output if number == len(chain) - 1 else f"{_PREFIX}.{number}"
        nodes.append(
            helper.make_node(kind, [last, *(f"{_PREFIX}.{name}" for name in constants)], [given], **attributes)
        )
        last = given
    return nodes


def _convolution(graph: Any) -> tuple[Any, list[Any]]:
    """The one node that FLOATS go into, and the nodes that read their number; None where something else is computed of them."""
    shapes = [node for node in _users(graph, FLOATS) if node.op_type == "Shape"]
    rest = [node for node in _users(graph, FLOATS) if node.op_type != "Shape"]
    while len(rest) == 1 and rest[0].op_type == "Cast":  # of floats to floats, which the exporter leaves
        rest = _users(graph, rest[0].output[0])
    counted = all(
        user.op_type == "Gather" and _integer(graph, user.input[1]) == 0
        for node in shapes
        for user in _users(graph, node.output[0])
    )
    return rest[0] if len(rest) == 1 and rest[0].op_type == "Conv" and counted else None, shapes


def _users(graph: Any, name: str) -> list[Any]:
    return [node for node in graph.node if name in node.input]


def _integer(graph: Any, name: str) -> int | None:
    """The integer that ``name`` is, where it is a constant of one number."""
    from onnx import numpy_helper

    constants = [tensor for tensor in graph.initializer if tensor.name == name]
    for node in graph.node:
        if node.op_type == "Constant" and name in node.output:
            constants.extend(entry.t for entry in node.attribute)
    values = [numpy_helper.to_array(tensor) for tensor in constants]
    return int(values[0].reshape(-1)[0]) if len(values) == 1 and values[0].size == 1 else None


def _constant(graph: Any, weights: dict[str, Any], kind: str) -> NDArray[np.float64]:
    """(3,): the constant operand of the node ``kind`` on the way from PIXELS to FLOATS."""
    from onnx import numpy_helper

    name = FLOATS
    while True:
        node = next(node for node in graph.node if name in node.output)
        if node.op_type == kind:
            return numpy_helper.to_array(weights[node.input[1]]).astype(np.float64).reshape(3)
        name = node.input[0]
