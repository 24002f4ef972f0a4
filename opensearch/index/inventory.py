"""What indexes clipseek made on a server, and taking one away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import opensearchpy

from ..errors import AccessRefused, IndexMissing, IndexUnusable, NotFound
from ..server.address import address
from .version import VERSION_END, check_alias


@dataclass(frozen=True)
class IndexFacts:
    """One index version. ``pictures`` without those deleted, ``size`` in bytes on disk with all copies; ``m`` and
    ``ef_construction`` of its HNSW graph, ``None`` where the mapping does not say.
    """

    index: str
    aliases: tuple[str, ...]
    fingerprint: str
    bundle: str | None
    pictures: int
    size: int
    shards: int
    engine: str
    m: int | None
    ef_construction: int | None


def list_indexes(client: opensearchpy.OpenSearch) -> list[IndexFacts]:
    """Every index that names a model in its ``_meta``, by name."""
    made = {name: body for name, body in bodies(client).items() if _fingerprint(body)}
    counted: dict[str, dict[str, Any]] = {}
    for names in batched(sorted(made)):
        rows = client.cat.indices(index=names, format="json", params={"bytes": "b", "h": "index,docs.count,store.size"})
        counted |= {row["index"]: row for row in rows}
    found = []
    for name, body in sorted(made.items()):
        meta, properties = body["mappings"]["_meta"], body["mappings"].get("properties") or {}
        method = (properties.get("image_vector") or {}).get("method") or {}
        parameters = method.get("parameters") or {}
        row = counted.get(name) or {}
        facts = IndexFacts(
            index=name,
            aliases=tuple(sorted(body.get("aliases") or {})),
            fingerprint=_fingerprint(body),
            bundle=meta.get("bundle") or None,
            pictures=int(row.get("docs.count") or 0),
            size=int(row.get("store.size") or 0),
            shards=int(body["settings"]["index"]["number_of_shards"]),
            engine=str(method.get("engine") or meta.get("engine") or ""),
            m=parameters.get("m"),
            ef_construction=parameters.get("ef_construction"),
        )
        found.append(facts)
    return found


def bodies(client: opensearchpy.OpenSearch) -> dict[str, dict[str, Any]]:
    """Settings, mappings and aliases of every open index that this user may see; of others not even that they are there."""
    try:
        answer: dict[str, Any] = client.indices.get(index="*", params={"expand_wildcards": "open"})
    except AccessRefused:
        # A user of some indexes alone may not ask for all at once, but may see their names; clipseek's are known by them.
        answer = {}
        for name in filter(VERSION_END.search, sorted(client.indices.get_alias())):
            with contextlib.suppress(AccessRefused, NotFound):
                answer |= client.indices.get(index=name, params={"expand_wildcards": "open"})
    return answer


def batched(names: Sequence[str], size: int = 50) -> Iterator[list[str]]:
    """As many names as an address holds."""
    for start in range(0, len(names), size):
        yield list(names[start : start + size])


def delete_index(client: opensearchpy.OpenSearch, name: str) -> list[str]:
    """Delete the index ``name``, or every index behind the alias ``name``; returns what was deleted.

    Raises IndexMissing where nothing has that name, and IndexUnusable where clipseek did not make it.
    """
    check_alias(name)
    try:
        indexes: dict[str, Any] = client.indices.get(index=name)
    except NotFound:
        indexes = {}
    if not indexes:
        raise IndexMissing(f"no index {name} at {address(client)}; see what there is with: clipseek index list")
    for index, body in indexes.items():
        if not _fingerprint(body):
            raise IndexUnusable(
                f"{index} was not made by clipseek and is left alone; delete it with the server's own tools"
            )
    names = sorted(indexes)
    for index in names:
        client.indices.delete(index=index)
    return names


def _fingerprint(body: dict[str, Any]) -> str:
    return str(((body.get("mappings") or {}).get("_meta") or {}).get("fingerprint") or "")
