"""A bundle (two ONNX towers and their passport) turned into unit vectors. Never imports torch."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# Before onnxruntime is loaded, whoever loads it: else it keeps a device's id and a record of its sessions in the user's home.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from .bundle.bundle import Bundle
    from .errors import BundleError, DeviceError, EncoderError, ImageError
    from .pictures.crop import Crop
    from .run.batcher import Batcher
    from .run.clip import ClipEncoder
    from .run.picture import Picture

__all__ = [
    "Batcher",
    "Bundle",
    "BundleError",
    "ClipEncoder",
    "Crop",
    "DeviceError",
    "EncoderError",
    "ImageError",
    "Picture",
]

_HOMES = {
    "Batcher": "run.batcher",
    "Bundle": "bundle.bundle",
    "ClipEncoder": "run.clip",
    "Crop": "pictures.crop",
    "Picture": "run.picture",
}


def __getattr__(name: str) -> Any:
    # Late: `import clipseek.encoder` must not cost numpy, let alone onnxruntime.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
