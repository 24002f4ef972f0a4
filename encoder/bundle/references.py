"""Which files an ONNX graph takes its weights from: read off the protobuf, without loading what is in it.

Field numbers are those of onnx.proto (ONNX 1.17). What is of no use here, the weights themselves above all, is stepped over.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from ..errors import BundleError

_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5
#: Message -> number of a field that is a message -> which.
_INSIDE: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
_KEY, _VALUE = 1, 2  # of an Entry
_LOCATION = b"location"


def external_files(graph: Path) -> set[str]:
    """The names of the files, as they stand in the graph, that hold weights of it. Raises BundleError for what is no ONNX."""
    with graph.open("rb") as file:
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # empty
            raise _broken(graph) from None
        with data:
            try:
                return {name.decode("utf-8", "replace") for name in _locations(data, 0, len(data), "Model")}
            except (IndexError, ValueError, RecursionError):
                raise _broken(graph) from None


def _locations(data: mmap.mmap, start: int, end: int, kind: str) -> Iterator[bytes]:
    if kind == "Entry":
        fields = {number: data[first:last] for number, first, last in _fields(data, start, end)}
        if fields.get(_KEY) == _LOCATION:
            yield fields.get(_VALUE, b"")
        return
    inside = _INSIDE[kind]
    for number, first, last in _fields(data, start, end):
        if number in inside:
            yield from _locations(data, first, last, inside[number])


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field of a message that has a length."""
    at = start
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > end:
                raise ValueError("a field goes beyond its message")
            yield number, at, at + length
            at += length
        elif wire == _VARINT:
            _, at = _varint(data, at)
        elif wire in (_LONG, _SHORT):
            at += 8 if wire == _LONG else 4
        else:
            raise ValueError(f"wire type {wire}")
    if at != end:
        raise ValueError("a message ends inside a field")


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _broken(graph: Path) -> BundleError:
    return BundleError(f"{graph} cannot be loaded (it is no ONNX graph); copy or export the bundle again")
