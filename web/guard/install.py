"""What stands before every request: tokens, hosts, origins, limits."""

from __future__ import annotations

from fastapi import FastAPI

from ..settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Put the guard's middleware and routes into ``app``."""
