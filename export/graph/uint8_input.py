"""Decoded pictures, (N, S, S, 3) uint8, as the input of a graph that was made for normalised floats: a quarter of the bytes to
copy, and scaling and layout are the device's work instead of a decoding thread's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from clipseek.encoder.bundle.bundle import FLOATS, PIXELS, ImageSpec

from .files import load_graph, save_graph

_PREFIX = "pixels_to_floats"


def take_pixels(path: Path, spec: ImageSpec) -> None:
    """Rewrite the graph at ``path``: it takes ``PIXELS`` in place of ``FLOATS``, and normalises them itself."""
    from onnx import TensorProto, helper, numpy_helper

    model = load_graph(path)
    graph = model.graph
    mean, std = np.array(spec.mean, np.float64), np.array(spec.std, np.float64)
    scale = (1 / (255 * std)).astype(np.float32).reshape(3, 1, 1)
    shift = (-mean / std).astype(np.float32).reshape(3, 1, 1)
    graph.initializer.extend(
        numpy_helper.from_array(values, f"{_PREFIX}.{name}") for name, values in (("scale", scale), ("shift", shift))
    )
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Transpose", [PIXELS], "planes", {"perm": [0, 3, 1, 2]}),  # while they are bytes
        ("Cast", [f"{_PREFIX}.planes"], "floats", {"to": TensorProto.FLOAT}),
        ("Mul", [f"{_PREFIX}.floats", f"{_PREFIX}.scale"], "scaled", {}),
        ("Add", [f"{_PREFIX}.scaled", f"{_PREFIX}.shift"], FLOATS, {}),
    ]
    made = [
        helper.make_node(kind, taken, [given if given == FLOATS else f"{_PREFIX}.{given}"], **more)
        for kind, taken, given, more in steps
    ]
    place = next(at for at, entry in enumerate(graph.input) if entry.name == FLOATS)
    del graph.input[place]
    shape: list[str | int | None] = ["batch", spec.size, spec.size, 3]
    graph.input.insert(place, helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, shape))
    nodes = [*made, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    save_graph(model, path)
