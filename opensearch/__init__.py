"""Searching an OpenSearch index: ``Searcher.open(connect(url), "clipseek", encoder).search(Query("red bicycle"))``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .query.fusion import Fusion
    from .query.page import Page
    from .query.query import Query, QueryPicture
    from .search.searcher import Searcher
    from .server.client import connect

__all__ = ["Fusion", "Page", "Query", "QueryPicture", "Searcher", "connect"]

_HOMES = {
    "Fusion": "query.fusion",
    "Page": "query.page",
    "Query": "query.query",
    "QueryPicture": "query.query",
    "Searcher": "search.searcher",
    "connect": "server.client",
}


def __getattr__(name: str) -> Any:
    # Late: `clipseek node` must not pay for numpy and the client.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
