"""What all rewrites of an ONNX graph need: its file read and written, tensors renamed, nodes replaced, libraries kept quiet."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.files import weights_file

#: Protobuf reads no message of 2^31 bytes or more: weights beyond this go into a file of their own, as bytes.
WEIGHTS_APART_ABOVE = 2_000_000_000


def load_graph(path: Path) -> Any:
    """The onnx model, weights and all."""
    import onnx

    return onnx.load(str(path))


def save_graph(model: Any, path: Path, apart_above: int = WEIGHTS_APART_ABOVE) -> None:
    """Replace the file at ``path``. Weights of more than ``apart_above`` bytes go into a file beside it (ONNX external data), and
    weights that are in such a file already stay in one.
    """
    import onnx

    beside = weights_file(path)
    apart = beside.exists() or bytes_of_weights(model) > apart_above
    beside.unlink(missing_ok=True)  # onnx would append to it
    onnx.save(model, str(path), save_as_external_data=apart, location=beside.name if apart else None)


def set_weights_apart(path: Path, above: int = WEIGHTS_APART_ABOVE) -> bool:
    """Move the weights of the graph at ``path`` into a file beside it where they have more than ``above`` bytes; returns whether
    they are in one."""
    if not weights_file(path).exists():
        model = load_graph(path)
        if bytes_of_weights(model) > above:
            save_graph(model, path, above)
    return weights_file(path).exists()


def bytes_of_weights(model: Any) -> int:
    """Bytes of the weights in one file, added tensor by tensor, because protobuf cannot count a graph above 2 GB."""
    return sum(tensor.ByteSize() for tensor in model.graph.initializer)


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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Exporters and quantizers log and warn at length about their own insides; parity checks what matters of it afterwards."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
