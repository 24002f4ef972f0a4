"""An ONNX graph from its file and back, without what nobody needs. Needs the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_graph(path: Path) -> Any:
    """The onnx model, weights and all."""
    import onnx

    return onnx.load(str(path))


def save_graph(model: Any, path: Path) -> None:
    """In place of the file at ``path``; weights that were in a file of their own beside it (above 2 GB) stay so."""
    import onnx

    beside = path.with_name(f"{path.name}_data")
    large = beside.exists()
    beside.unlink(missing_ok=True)
    onnx.save(model, str(path), save_as_external_data=large, location=beside.name if large else None)


def prune(graph: Any) -> None:
    """Remove what no output needs any more; inputs stay, so that callers need not know."""
    wanted = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):  # sorted: users come after what they use
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in wanted]:
        graph.initializer.remove(tensor)
    del graph.value_info[:]
