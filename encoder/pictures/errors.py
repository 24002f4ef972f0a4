"""Errors of ``clipseek.encoder.pictures``, which imports nothing of clipseek: the base of all encoder errors stands here, too.

EncoderError
└── ImageError           a picture that cannot be read; the text is the reason alone (also a ValueError)
"""

from __future__ import annotations


class EncoderError(Exception):
    """Base of every expected failure of ``clipseek.encoder``: value, what was expected, and the next command."""

    exit_code = 1


class ImageError(EncoderError, ValueError):
    """A picture that cannot be read; the text is the reason alone."""
