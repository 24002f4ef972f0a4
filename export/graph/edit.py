"""Edits that several rewrites of an ONNX graph need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def rename_inputs(nodes: Iterable[Any], names: dict[str, str]) -> None:
    """Let ``nodes`` read the tensor ``names[name]`` where they read ``name``."""
    for node in nodes:
        for place, name in enumerate(node.input):
            if name in names:
                node.input[place] = names[name]


def rename_outputs(nodes: Iterable[Any], names: dict[str, str]) -> None:
    """Let ``nodes`` write the tensor ``names[name]`` where they write ``name``."""
    for node in nodes:
        for place, name in enumerate(node.output):
            if name in names:
                node.output[place] = names[name]


def replace_nodes(graph: Any, nodes: list[Any]) -> None:
    """Make ``nodes``, sorted so that each stands behind what it reads, those of the graph, and forget inferred types."""
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]


def prune(graph: Any) -> None:
    """Remove nodes and weights that no output depends on; inputs stay, so that callers need not know."""
    wanted = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):  # sorted: users come after what they use
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    replace_nodes(graph, kept[::-1])
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in wanted]:
        graph.initializer.remove(tensor)
