"""A bundle (two ONNX towers and their passport) turned into unit vectors. Never imports torch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .batcher import Batcher
    from .bundle import Bundle
    from .clip import ClipEncoder, Picture
    from .errors import BundleError, DeviceError, EncoderError, ImageError

__all__ = ["Batcher", "Bundle", "BundleError", "ClipEncoder", "DeviceError", "EncoderError", "ImageError", "Picture"]

_HOMES = {"Batcher": "batcher", "Bundle": "bundle", "ClipEncoder": "clip", "Picture": "clip"}


def __getattr__(name: str) -> Any:
    # Late: `import clipseek.encoder` must not cost numpy, let alone onnxruntime.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
