"""Attention as one node: onnxruntime's own fusion does not recognise the graph that the exporter makes of CLIP."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from .files import load_graph, prune, save_graph

#: The fused node, of onnxruntime's own operators.
ATTENTION, DOMAIN = "MultiHeadAttention", "com.microsoft"


def fuse_attention(path: Path, heads: int, *, causal: bool) -> int:
    """Rewrite the graph at ``path`` with one node for each layer's scores, softmax and mixing; returns how many.

    ``causal``: each token sees those before it alone. A text tower pools at its end-of-text token, which sees no padding
    then, so the mask that is built at run time is removed. A layer that is not recognised is left alone.
    Layer norms are left alone: onnxruntime's SkipLayerNormalization was slower on a CPU (docs/log/encoder-speed.md).
    """
    from onnx import helper

    model = load_graph(path)
    graph = model.graph
    made = {name: node for node in graph.node for name in node.output}
    users: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    count = 0
    for softmax in [node for node in graph.node if node.op_type == "Softmax"]:
        layer = _around(softmax, made, users)
        if layer is None:
            continue
        inputs, joined = layer
        fused = helper.make_node(
            ATTENTION,
            inputs,
            [joined.output[0]],
            name=f"{softmax.name}/fused",
            domain=DOMAIN,
            num_heads=heads,
            unidirectional=int(causal),
        )
        at = list(graph.node).index(joined)
        graph.node.remove(joined)
        graph.node.insert(at, fused)
        count += 1
    if count:
        prune(graph)
        model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
        save_graph(model, path)
    return count


def _around(softmax: Any, made: dict[str, Any], users: dict[str, list[Any]]) -> tuple[list[str], Any] | None:
    """Names of query, key and value, each (N, L, heads x width), and the node whose output joins the heads again."""
    scores = made.get(softmax.input[0])
    if scores is not None and scores.op_type == "Add":  # of a mask
        scores = next((made[name] for name in scores.input if name in made and made[name].op_type == "MatMul"), None)
    mixing = _only(users[softmax.output[0]])
    if scores is None or scores.op_type != "MatMul" or mixing is None or mixing.op_type != "MatMul":
        return None
    whole = [_before_heads(name, made) for name in (*scores.input, mixing.input[1])]
    joined = _only(users[mixing.output[0]])
    if joined is not None and joined.op_type == "Transpose":
        joined = _only(users[joined.output[0]])
    if any(name is None for name in whole) or joined is None or joined.op_type != "Reshape":
        return None
    return [name for name in whole if name], joined


def _before_heads(name: str, made: dict[str, Any]) -> str | None:
    """What was cut into heads to become ``name``: back through scaling and transposing to the Reshape."""
    node = made.get(name)
    while node is not None and node.op_type in ("Mul", "Transpose"):
        node = made.get(node.input[0])
    return str(node.input[0]) if node is not None and node.op_type == "Reshape" else None


def _only(nodes: list[Any]) -> Any | None:
    return nodes[0] if len(nodes) == 1 else None
