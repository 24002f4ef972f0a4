"""Errors of ``clipseek.encoder``.

EncoderError
├── BundleError          no bundle at the path, an incomplete one, or files that are not the ones its passport names
├── DeviceError          the device asked for is not active
├── Overloaded           more requests wait than may
├── BatcherClosed        a request to what is shutting down
└── ImageError           a picture that cannot be read; the text is the reason alone (also a ValueError)
"""

from __future__ import annotations

from .pictures.errors import EncoderError, ImageError

__all__ = ["BatcherClosed", "BundleError", "DeviceError", "EncoderError", "ImageError", "Overloaded"]


class BundleError(EncoderError):
    """No bundle at the path, an incomplete one, or files that are not the ones its passport names."""


class DeviceError(EncoderError):
    """The device asked for is not active."""


class Overloaded(EncoderError):
    """More requests wait than may."""


class BatcherClosed(EncoderError):
    """A request to what is shutting down."""
