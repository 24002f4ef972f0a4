"""What ``clipseek node status`` says: whether the node runs, where, how it is, and what is free on its disk."""

from __future__ import annotations

import shutil
from typing import Any

from .errors import NodeError
from .paths import NodePaths
from .reach import asking_of, running
from .state import read_state

#: Bytes free on the node's disk below which OpenSearch makes every index read-only, and below which it may soon.
FLOOD, LOW = 500 << 20, 2 << 30


def read_status(paths: NodePaths) -> dict[str, Any]:
    """The facts, in the order in which they are shown. problem: what is wrong with the node, in one line, or None.

    health: green, yellow (nothing is wrong: one node keeps no copies) or red; None where it does not answer.
    """
    state, problem = read_state(paths.state), None
    try:
        there = running(paths)
    except NodeError as wrong:
        there, problem = None, str(wrong)
    health = None
    if there is not None:
        _, answer = asking_of(there, paths).send("GET", "/_cluster/health?timeout=1s")
        health = answer.get("status") if isinstance(answer, dict) else None
        problem = (
            None
            if health in ("green", "yellow")
            else "some indexes are not up, or it does not answer; see clipseek node logs"
        )
    free = shutil.disk_usage(paths.indices).free if paths.indices.is_dir() else None
    if there is not None and free is not None and free < LOW:
        word = "makes every index read-only" if free < FLOOD else "makes every index read-only below 500 MB"
        problem = f"its disk has {free / 1e6:,.0f} MB free, and OpenSearch {word}; free some space"
    return {
        "running": there is not None,
        "url": there.url if there else None,
        "health": health,
        "disk_free": None if free is None else f"{free / 1e9:.1f} GB",
        "problem": problem,
        "pid": there.pid if there else None,
        "version": state.version if state else None,
        "heap": there.heap if there else None,
        "closed": there.closed if there else None,
        "ml": there.ml if there else None,
        "started_at": there.started_at if there else None,
        "data": str(paths.node),
        "jars": str(paths.jars),
        "log": str(paths.log),
    }
