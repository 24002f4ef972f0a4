"""The application: API, page, and what guards them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import Response

from . import errors, health, openapi
from .api import classify, encode, explain, feedback, heat_map, indexes, neural, search
from .guard.install import install
from .metrics import MeasureRequests
from .page_files import PageFiles
from .pictures import routes
from .pictures.service import Pictures
from .settings import Settings
from .state import OpenEncoder, State

#: Routes that are no part of the API, for the figures.
_OTHER_ROUTES = (
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/pictures/{index}",
    "/thumbnails/{index}",
    "/api/v1/openapi.json",
)


def create_app(settings: Settings, open_encoder: OpenEncoder | None = None) -> FastAPI:
    """An ASGI application that serves the indexes of ``settings``. ``open_encoder``: of ``State``."""
    state = State(settings, open_encoder)
    pictures = Pictures(state, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.threads
        state.start()
        yield
        pictures.close()
        state.close()

    app = FastAPI(
        title="clipseek",
        version="1",
        summary="Image search: by words, by pictures, by both.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,  # a client's functions are called so
    )
    app.state.clipseek, app.state.pictures = state, pictures
    errors.install(app)
    openapi.install(app, token=settings.access.token is not None, root=settings.root_path)
    for part in (indexes, search, feedback, explain, classify, encode, neural, heat_map):
        app.include_router(part.router, prefix="/api/v1")
    for outside in (routes, health):
        app.include_router(outside.router)
    _serve_page(app)
    install(app, settings)
    # Around the gate as well, so that what it refuses is counted.
    app.middleware_stack = MeasureRequests(
        app.middleware_stack or app, state.metrics, [*app.openapi()["paths"], *_OTHER_ROUTES], settings.root_path
    )
    return app


def _serve_page(app: FastAPI) -> None:
    page = PageFiles(Path(str(files("clipseek.web"))) / "page")

    @app.get("/", include_in_schema=False)
    async def shell(request: Request) -> Response:
        return page.answer(request, "index.html")

    app.mount("/static", page, "static")
