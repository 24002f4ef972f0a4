"""An ONNX graph read from its file, and written. Needs the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clipseek.encoder.bundle.bundle import weights_file

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
