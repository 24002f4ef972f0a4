"""Put what guards the application around it."""

from __future__ import annotations

from fastapi import FastAPI

from ..settings import Settings
from .gate import Gate


def install(app: FastAPI, settings: Settings) -> None:
    """Put the gate around all of ``app``, outside of the layer that answers for failures. Call it last."""
    app.middleware_stack = Gate(app.build_middleware_stack(), settings)
