"""Search pipelines that are kept on a server under a name, for clipseek and for other clients of the same indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote

import opensearchpy

from ..errors import InvalidOption, NotFound
from ..index.inventory import bodies
from ..index.version import Version
from ..index.versions import write_meta
from ..query.fusion import MEANS, RANK_CONSTANT, TECHNIQUES, Fusion, Technique, check_pipeline_name, pipeline
from ..server.address import address
from ..server.capabilities import server_version
from .server_support import check_fusion, check_ranks


@dataclass(frozen=True)
class StoredPipeline:
    """A search pipeline of the server. ``fusion`` is what it does; without ``weights`` all clauses count the same. Where it does
    something else than fusing a hybrid's scores, that is ``None``, and ``other`` says what it does.
    """

    name: str
    body: Mapping[str, Any]
    fusion: Fusion | None = None
    other: str = ""


def list_pipelines(client: opensearchpy.OpenSearch) -> list[StoredPipeline]:
    """Every search pipeline of the server, by name."""
    try:
        answer: dict[str, Any] = client.transport.perform_request("GET", "/_search/pipeline")
    except NotFound:
        return []
    return [read_pipeline(name, answer[name]) for name in sorted(answer)]


def get_pipeline(client: opensearchpy.OpenSearch, name: str) -> StoredPipeline:
    """The pipeline ``name``. Raises InvalidOption where the server has none of that name."""
    check_pipeline_name(name)
    return _get(client, name)


def with_pipeline(client: opensearchpy.OpenSearch, version: Version, fusion: Fusion, clauses: int) -> Fusion:
    """``fusion`` with what its stored pipeline does, for a search of ``clauses`` clauses. Raises InvalidOption where the server has
    no such pipeline, or a hybrid of so many clauses cannot be searched with it.
    """
    if fusion.pipeline is None:
        return fusion
    default = version.search.get("pipeline") == fusion.pipeline
    stored = usable(_get(client, fusion.pipeline, default_of=version.alias if default else None), clauses)
    return replace(fusion, technique=stored.technique, mean=stored.mean, weights=stored.weights)


def _get(client: opensearchpy.OpenSearch, name: str, *, default_of: str | None = None) -> StoredPipeline:
    """``default_of``: the index whose default it is, for the refusal."""
    try:
        answer: dict[str, Any] = client.transport.perform_request("GET", _path(name))
    except NotFound:
        answer = {}
    if name not in answer:
        clear = f", or clear the default: clipseek pipelines default --clear --index {default_of}" if default_of else ""
        raise InvalidOption(
            f"no search pipeline {name} at {address(client)}; see those there are with: clipseek pipelines list{clear}"
        )
    return read_pipeline(name, answer[name])


def put_pipeline(
    client: opensearchpy.OpenSearch, name: str, body: Mapping[str, Any], *, overwrite: bool = False
) -> None:
    """Keep ``body`` (``fusion.pipeline``) as ``name``. Raises InvalidOption where another pipeline has that name, unless it
    is to be replaced.
    """
    check_pipeline_name(name)
    if not overwrite:
        try:
            there = get_pipeline(client, name).body
        except InvalidOption:
            there = body
        if there != body:
            raise InvalidOption(
                f"{address(client)} has another search pipeline {name}; look with: clipseek pipelines show {name}, and replace "
                "it with --replace"
            )
    client.transport.perform_request("PUT", _path(name), body=dict(body))


def put_fusion(client: opensearchpy.OpenSearch, name: str, fusion: Fusion, *, overwrite: bool = False) -> None:
    """Keep ``fusion`` as ``name``: of a clause for each of its ``weights``, else of a caption and a vector clause. Raises
    InvalidOption as ``fusion.pipeline`` and ``put_pipeline``, and where the server cannot fuse so.
    """
    weights = fusion.weights or (1 - fusion.weight, fusion.weight)
    check_fusion(lambda: server_version(client), fusion.technique, weights)
    put_pipeline(client, name, pipeline(fusion.technique, weights, mean=fusion.mean), overwrite=overwrite)


def delete_pipeline(client: opensearchpy.OpenSearch, name: str) -> None:
    """Take the pipeline away. Raises InvalidOption where there is none, and where it is the default of an index."""
    get_pipeline(client, name)
    if users := used_by(client, name):
        raise InvalidOption(
            f"search pipeline {name} is the default of {', '.join(users)}; clear that first with: clipseek pipelines default "
            f"--clear --index {users[0]}"
        )
    client.transport.perform_request("DELETE", _path(name))


def make_default(client: opensearchpy.OpenSearch, version: Version, name: str | None) -> None:
    """Make the pipeline ``name`` the default of hybrid searches of the index, over what was tuned; ``None`` clears it.

    It stands in the index's ``_meta``, where what was tuned stands. The server's own index.search.default_pipeline is left alone:
    once its pipeline is gone, the server refuses every search of the index, captions alone too.
    """
    kept = {key: value for key, value in version.search.items() if key != "pipeline"}
    if name is not None:
        fusion = usable(get_pipeline(client, name), 2)
        number = server_version(client)
        check_fusion(lambda: number, fusion.technique, fusion.weights or ())
        if fusion.technique == "rrf":
            settings: dict[str, Any] = client.indices.get_settings(index=version.index)
            check_ranks(number, version.alias, int(settings[version.index]["settings"]["index"]["number_of_shards"]))
        kept = {**(kept or {"complete": True}), "pipeline": name}
    write_meta(client, version, "search", kept)


def used_by(client: opensearchpy.OpenSearch, name: str) -> list[str]:
    """Aliases of the indexes, or where they have none their names, whose default is the pipeline ``name``."""
    found: list[str] = []
    for index, body in bodies(client).items():
        meta = (body.get("mappings") or {}).get("_meta") or {}
        server = ((body.get("settings") or {}).get("index") or {}).get("search") or {}
        if name in ((meta.get("search") or {}).get("pipeline"), server.get("default_pipeline")):
            found += sorted(body.get("aliases") or {index: {}})
    return sorted(found)


def read_pipeline(name: str, body: Mapping[str, Any]) -> StoredPipeline:
    """What a pipeline's body does, as the server keeps it. Pure."""
    phases = body.get("phase_results_processors") or []
    others = [kind for kind in ("request_processors", "response_processors") if body.get(kind)]
    if others or len(phases) != 1 or len(phases[0]) != 1:
        other = f"has {others[0]}" if others else f"has {len(phases)} phase results processors"
        return StoredPipeline(name, body, other=other)
    ((kind, options),) = phases[0].items()
    combination = options.get("combination") or {}
    parameters = combination.get("parameters") or {}
    weights = tuple(float(weight) for weight in parameters.get("weights") or ()) or None
    if kind == "score-ranker-processor" and combination.get("technique", "rrf") == "rrf":
        constant = combination.get("rank_constant", RANK_CONSTANT)
        if constant != RANK_CONSTANT:
            return StoredPipeline(name, body, other=f"counts ranks from {constant}, not from {RANK_CONSTANT}")
        return StoredPipeline(name, body, Fusion("rrf", weights=weights))
    normalization = options.get("normalization") or {}
    technique, bounds = normalization.get("technique", "min_max"), normalization.get("parameters")
    mean = str(combination.get("technique", "arithmetic_mean")).removesuffix("_mean")
    if kind != "normalization-processor" or technique not in TECHNIQUES or mean not in MEANS or bounds:
        other = f"has {kind} {technique}{' with parameters' if bounds else ''}, {mean}"
        return StoredPipeline(name, body, other=other)
    try:
        return StoredPipeline(name, body, Fusion(cast(Technique, technique), mean, weights=weights))
    except InvalidOption:  # a server stores what it will refuse to run
        return StoredPipeline(name, body, other=f"has {technique} with a {mean} mean")


def usable(stored: StoredPipeline, clauses: int) -> Fusion:
    """Its fusion of ``clauses`` clauses, with a weight for each. Raises InvalidOption where it cannot fuse a hybrid."""
    if stored.fusion is None:
        raise InvalidOption(
            f"search pipeline {stored.name} {stored.other}; name one that only joins a hybrid's scores, or make one with: clipseek "
            "pipelines put NAME"
        )
    weights = stored.fusion.weights or (1 / clauses,) * clauses
    if len(weights) != clauses:
        raise InvalidOption(
            f"search pipeline {stored.name} has weights for {len(weights)} clauses, this search has {clauses}; name another "
            "with --pipeline"
        )
    # The means divide by the sum of the weights, rrf does not.
    total = 1.0 if stored.fusion.technique == "rrf" else sum(weights)
    return replace(stored.fusion, weights=tuple(weight / total for weight in weights))


def _path(name: str) -> str:
    return f"/_search/pipeline/{quote(name, safe='')}"
