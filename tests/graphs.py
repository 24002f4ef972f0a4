"""Bytes that are an ONNX graph to whoever reads its references, and to nobody else: made without the onnx package."""

from __future__ import annotations


def graph(doc: str, *weights: str) -> bytes:
    """An ONNX model with this doc_string, whose tensors take their values from the files ``weights``."""
    tensors = b"".join(_field(5, _field(13, _field(1, b"location") + _field(2, name.encode()))) for name in weights)
    return _field(6, doc.encode()) + (_field(7, tensors) if weights else b"")


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field with a length."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = [value >> shift & 0x7F for shift in range(0, max(1, value.bit_length()), 7)]
    return bytes([*(part | 0x80 for part in parts[:-1]), parts[-1]])
