"""The application: API, page, and what guards them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from . import errors
from .api import search
from .guard.install import install
from .settings import Settings
from .state import OpenEncoder, State


def create_app(settings: Settings, open_encoder: OpenEncoder | None = None) -> FastAPI:
    """An ASGI application that serves the indexes of ``settings``. ``open_encoder``: of ``State``."""
    state = State(settings, open_encoder)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads
        yield
        state.close()

    app = FastAPI(
        title="clipseek",
        version="1",
        summary="Image search: by words, by pictures, by both.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.clipseek = state
    errors.install(app)
    app.include_router(search.router, prefix="/api/v1")
    _serve_page(app)
    install(app, settings)
    return app


def _serve_page(app: FastAPI) -> None:
    folder = Path(str(files("clipseek.web"))) / "page"

    @app.get("/", include_in_schema=False)
    def shell() -> FileResponse:
        return FileResponse(folder / "index.html")

    app.mount("/static", StaticFiles(directory=folder), "static")
