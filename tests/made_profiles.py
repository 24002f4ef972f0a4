"""ICC profiles made by hand (ICC.1:2001-04): a matrix and a curve for each colour, a grey curve, and inks by a table."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
from clipseek.encoder.pictures.pixels.curves import SRGB, Primaries

Curve = Callable[[np.ndarray], np.ndarray]
D50 = (0.9642, 1.0, 0.8249)
ADOBE: Primaries = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329)
P3: Primaries = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)
_INK_STEPS = 13
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def linear(values: np.ndarray) -> np.ndarray:
    return values


def gamma(power: float) -> Curve:
    return lambda values: np.asarray(values**power)


def srgb(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def colours(curve: Curve, primaries: Primaries = SRGB, name: str = "made") -> bytes:
    """Of RGB."""
    xy = np.array(primaries).reshape(4, 2)
    xyz = np.column_stack([xy[:, 0] / xy[:, 1], np.ones(4), (1 - xy.sum(1)) / xy[:, 1]])
    matrix = xyz[:3].T * np.linalg.solve(xyz[:3].T, xyz[3])
    cone = _BRADFORD @ xyz[3], _BRADFORD @ np.array(D50)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cone[1] / cone[0]) @ _BRADFORD @ matrix
    tags = {f"{colour}XYZ": _xyz(adapted[:, at]) for at, colour in enumerate("rgb")}
    return _profile("RGB ", "XYZ ", {**tags, **{f"{colour}TRC": _curve(curve) for colour in "rgb"}}, name)


def greys(curve: Curve, name: str = "made grey") -> bytes:
    """Of one grey."""
    return _profile("GRAY", "XYZ ", {"kTRC": _curve(curve)}, name)


def inks(lab: Callable[[np.ndarray], np.ndarray], name: str = "made inks") -> bytes:
    """Of CMYK: ``lab`` of (N, 4) shares of ink is (N, 3), L*, a* and b*."""
    steps = np.linspace(0, 1, _INK_STEPS)
    mixed = lab(np.stack(np.meshgrid(*[steps] * 4, indexing="ij"), -1).reshape(-1, 4))
    stored = (mixed * (2.55, 1, 1) + (0, 128, 128)).round().clip(0, 255).astype(np.uint8).tobytes()
    identity = struct.pack(">9i", *(65536 if at % 4 == 0 else 0 for at in range(9)))
    straight = bytes(range(256))
    table = (
        b"mft1" + bytes(4) + struct.pack(">BBBB", 4, 3, _INK_STEPS, 0) + identity + straight * 4 + stored + straight * 3
    )
    return _profile("CMYK", "Lab ", {"A2B0": table}, name, b"prtr")


def _curve(curve: Curve) -> bytes:
    steps = (curve(np.linspace(0, 1, 1024)) * 65535).round().clip(0, 65535).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", len(steps)) + steps.tobytes()


def _xyz(values: Sequence[float] | np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _profile(space: str, connection: str, tags: dict[str, bytes], name: str, kind: bytes = b"mntr") -> bytes:
    text = name.encode() + b"\0"
    described = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
    every = {"desc": described, "cprt": b"text" + bytes(4) + b"none\0", "wtpt": _xyz(D50), **tags}
    start, entries, body = 132 + 12 * len(every), b"", b""
    for tag, data in every.items():
        padded = data + bytes(-len(data) % 4)
        entries += tag.encode() + struct.pack(">II", start + len(body), len(data))
        body += padded
    size = start + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, kind, space.encode(), connection.encode())
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(24) + bytes(4)
    head = head.ljust(68, b"\0") + struct.pack(">3i", *(round(value * 65536) for value in D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(every)) + entries + body
