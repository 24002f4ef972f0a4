"""Products of int8 whose inputs are rounded row by row, so that no vector depends on what else is in its batch.

onnxruntime's own dynamic quantization rounds a whole input by one range: a picture's vector then moves with the other pictures
of its batch, and so with the number of threads that share it. Here each row x (a patch's or a token's numbers) has the range of
its own largest number m: with q = round(127 x / m) the product is x W = (m / 127) (q W).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PREFIX = "int8_rows"
#: As in ``int8``: seven bits of a weight, eight of an input around the middle of a byte.
_MOST, _STEP, _ZERO = 63, 1 / 127, 128
#: A row of zeros stays one.
_LEAST = 1e-10
#: From this opset on, a reduction has its axes as an input.
_AXES_AS_INPUT = 18
#: onnxruntime's operators.
CONTRIB = "com.microsoft"
#: A product of int8, whose operands' steps are multiplied into the result.
PRODUCT = "MatMulIntegerToFloat"


def quantize_products(model: Any) -> int:
    """Replace every product of a weight in ``model`` by one of int8; returns how many that are. One step a column of a weight."""
    graph, rows = model.graph, _Rows(model)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    products = 0
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            nodes.append(node)
            continue
        nodes.extend(rows.product(node, weights[node.input[1]]))
        products += 1
    rows.finish(nodes)
    return products


def round_rows_alone(model: Any) -> int:
    """Let each input that ``model`` rounds by one range (``DynamicQuantizeLinear``) be rounded row by row: by its last axis, or of
    a convolution's by all but the first. Returns how many there were. The products stay: a row's step stands where one step of all
    rows was multiplied in.
    """
    graph, rows = model.graph, _Rows(model)
    convolved = {node.input[0] for node in graph.node if node.op_type == "ConvInteger"}
    # A second operand's rows are summed over: they share a step, and the check of batch invariance judges it.
    second = {node.input[1] for node in graph.node if node.op_type == "MatMulInteger"}
    nodes: list[Any] = []
    found = 0
    for node in graph.node:
        if node.op_type != "DynamicQuantizeLinear" or node.output[0] in second:
            nodes.append(node)
            continue
        rounded, step, zero = node.output
        most, made = rows.rounded(node.input[0], rounded, (1, 2, 3) if rounded in convolved else (-1,))
        nodes.extend(made)
        nodes.append(_node("Mul", [most, rows.constant("step", np.float32(_STEP))], step))
        nodes.append(_node("Identity", [rows.constant("zero", np.uint8(_ZERO))], zero))
        found += 1
    if found:
        rows.finish(nodes)
    return found


class _Rows:
    """Makes nodes, each kind of constant and each rounding of an input once."""

    def __init__(self, model: Any) -> None:
        self._model, self._made = model, dict[str, str]()
        self._opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        full = f"{_PREFIX}.{name}"
        if full not in self._made:
            self._made[full] = full
            self._model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), full))
        return full

    def rounded(self, name: str, out: str, axes: tuple[int, ...] = (-1,)) -> tuple[str, list[Any]]:
        """Nodes that write ``out``, uint8: ``name`` over its rows' largest numbers; and the name of those."""
        high, low, most, unit = (f"{out}.{part}" for part in ("high", "low", "most", "unit"))
        step, zero = self.constant("step", np.float32(_STEP)), self.constant("zero", np.uint8(_ZERO))
        return most, [
            *(self._reduced(kind, name, axes, to) for kind, to in (("ReduceMax", high), ("ReduceMin", low))),
            _node("Neg", [low], f"{low}.turned"),
            _node("Max", [high, f"{low}.turned", self.constant("least", np.float32(_LEAST))], most),
            _node("Div", [name, most], unit),
            _node("QuantizeLinear", [unit, step, zero], out),
        ]

    def product(self, node: Any, weight: Any) -> list[Any]:
        """Nodes in place of ``node``, the product of its first input and ``weight``."""
        from onnx import numpy_helper

        given, result = node.input[0], node.output[0]
        matrix: NDArray[np.float64] = numpy_helper.to_array(weight).astype(np.float64)
        steps = np.maximum(np.abs(matrix).max(0), 1e-30) / _MOST
        rounded, nodes = f"{given}.{_PREFIX}", list[Any]()
        if given not in self._made:
            self._made[given], nodes = self.rounded(given, rounded)
        operands = [
            rounded,
            self.constant(f"{weight.name}.weights", np.round(matrix / steps).astype(np.int8)),
            self.constant("step", np.float32(_STEP)),
            self.constant(f"{weight.name}.steps", steps.astype(np.float32)),
            self.constant("zero", np.uint8(_ZERO)),
            self.constant(f"{weight.name}.zeros", np.zeros(matrix.shape[1], np.int8)),
        ]
        unit = f"{result}.{_PREFIX}"
        return [*nodes, _node(PRODUCT, operands, unit, domain=CONTRIB), _node("Mul", [unit, self._made[given]], result)]

    def finish(self, nodes: list[Any]) -> None:
        """Make ``nodes`` those of the graph, without the weights that they no longer read."""
        from onnx import helper

        from .files import prune, replace_nodes

        replace_nodes(self._model.graph, nodes)
        prune(self._model.graph)
        if all(entry.domain != CONTRIB for entry in self._model.opset_import):
            self._model.opset_import.append(helper.make_opsetid(CONTRIB, 1))

    def _reduced(self, kind: str, name: str, axes: tuple[int, ...], out: str) -> Any:
        if self._opset < _AXES_AS_INPUT:
            return _node(kind, [name], out, axes=list(axes), keepdims=1)
        which = self.constant(f"axes{len(axes)}", np.array(axes, np.int64))
        return _node(kind, [name, which], out, keepdims=1)


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(kind, inputs, [output], **attributes)
