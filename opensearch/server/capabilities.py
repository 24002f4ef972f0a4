"""What a server is and has: its version, its plugins, its vector engines."""

from __future__ import annotations

import re
from typing import Any

import opensearchpy

from ..errors import AccessRefused, RequestRefused, ServerUnfit
from .address import address
from .failures import KNN_PLUGIN, NEURAL_PLUGIN, NOT_HERE, missing_plugin

#: The oldest server with ``pagination_depth`` and reciprocal rank fusion.
OLDEST = (2, 19)


def server_version(client: opensearchpy.OpenSearch) -> tuple[int, int]:
    """(major, minor)."""
    number = str(client.info()["version"]["number"])
    match = re.match(r"(\d+)\.(\d+)", number)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def check_server(client: opensearchpy.OpenSearch) -> None:
    """Raise ServerUnfit unless the server is OpenSearch of at least version 2.19."""
    version = (_object(client.info())).get("version")
    version = version if isinstance(version, dict) else {}
    number = str(version.get("number", ""))
    if version.get("distribution") != "opensearch" or not (match := re.match(r"(\d+)\.(\d+)", number)):
        what = f"version {number} of something else" if number else "no version"
        raise ServerUnfit(f"{address(client)} is not OpenSearch (it says {what}); {NOT_HERE}")
    if (int(match[1]), int(match[2])) < OLDEST:
        raise ServerUnfit(
            f"{address(client)} runs OpenSearch {number}; clipseek needs {OLDEST[0]}.{OLDEST[1]} or later: upgrade "
            "it, or start one here with: clipseek node start"
        )


def check_plugins(client: opensearchpy.OpenSearch) -> None:
    """Raise PluginMissing unless every plugin that search needs is there. A server that lists none is believed."""
    try:
        rows = client.cat.plugins(format="json", params={"h": "component"})
    except (RequestRefused, AccessRefused):
        return
    names = {str(row.get("component", "")) for row in rows} if isinstance(rows, list) else set()
    for plugin in (KNN_PLUGIN, NEURAL_PLUGIN) if names else ():
        if plugin not in names:
            raise missing_plugin(address(client), plugin)


def check_engine(client: opensearchpy.OpenSearch, engine: str) -> None:
    """Raise ServerUnfit for engine ``faiss`` on a server that would die of it.

    faiss needs a native library that comes with the official distributions, not with the plugin's own zip. OpenSearch
    takes the index all the same, and ends at the first flush; restarted, it replays the write and ends again. A server
    cannot be asked for the library, but it tells whether it came with its own Java, which the distributions do.
    """
    if engine != "faiss":
        return
    try:
        nodes = _object(client.nodes.info(metric="jvm", params={"filter_path": "nodes.*.jvm.bundled_jdk"})).get("nodes")
    except (RequestRefused, AccessRefused):
        return
    if any(_object(node.get("jvm")).get("bundled_jdk") is False for node in _object(nodes).values()):
        raise ServerUnfit(
            f"{address(client)} is no official distribution and has no native library for engine faiss: it would "
            "crash. Use --engine lucene, or an official server (docker/compose.yaml)"
        )


def _object(answer: object) -> dict[str, Any]:
    return answer if isinstance(answer, dict) else {}
