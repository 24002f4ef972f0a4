"""Errors of ``clipseek.encoder``.

EncoderError
├── BundleError          no bundle at the path, an incomplete one, or files that are not the ones its passport names
├── DeviceError          the named device does not work here
├── Overloaded           the queue of requests is full
├── BatcherClosed        a request to a batcher that is shutting down
├── EncodeTimedOut       a request to a batcher whose vector did not come in time
├── OcrUnavailable       OCR is not installed, or cannot do what is asked of it
└── ImageError           a picture that cannot be read; the text is the reason alone (also a ValueError)
"""

from __future__ import annotations

from .pictures.errors import EncoderError, ImageError

__all__ = [
    "BatcherClosed",
    "BundleError",
    "DeviceError",
    "EncodeTimedOut",
    "EncoderError",
    "ImageError",
    "OcrUnavailable",
    "Overloaded",
]


class BundleError(EncoderError):
    """No bundle at the path, an incomplete one, or files that are not the ones its passport names."""


class DeviceError(EncoderError):
    """The named device does not work here."""


class Overloaded(EncoderError):
    """The queue of requests is full."""


class BatcherClosed(EncoderError):
    """A request to a batcher that is shutting down."""


class EncodeTimedOut(EncoderError):
    """A request to a batcher whose vector did not come in time."""


class OcrUnavailable(EncoderError):
    """OCR is not installed, or cannot do what is asked of it."""
