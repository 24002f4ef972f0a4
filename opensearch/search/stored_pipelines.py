"""Search pipelines that are kept on a server under a name, for clipseek and for other clients of the same indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

import opensearchpy

from ..errors import InvalidOption, NotFound
from ..index.version import Version
from ..index.versions import set_default_search
from ..query.pipelines import FUSIONS, MEANS, RANK_CONSTANT, Fusion, Mean, check_pipeline_name
from ..query.server_support import check_fusion, check_ranks
from ..server.address import address
from ..server.capabilities import server_version


@dataclass(frozen=True)
class Named:
    """A pipeline of the server. ``fusion`` is ``None`` where it does something else than joining a hybrid's scores, and ``other``
    then says what. ``weights`` has one for each clause, and is empty where all count the same.
    """

    name: str
    body: Mapping[str, Any]
    fusion: Fusion | None = None
    mean: Mean = "arithmetic"
    weights: tuple[float, ...] = ()
    other: str = ""


def list_pipelines(client: opensearchpy.OpenSearch) -> list[Named]:
    """Every search pipeline of the server, by name."""
    try:
        answer: dict[str, Any] = client.transport.perform_request("GET", "/_search/pipeline")
    except NotFound:
        return []
    return [read_pipeline(name, answer[name]) for name in sorted(answer)]


def get_pipeline(client: opensearchpy.OpenSearch, name: str, *, default_of: str | None = None) -> Named:
    """The pipeline ``name``, which is the default of the index ``default_of``. Raises InvalidOption where the server has none of
    that name.
    """
    check_pipeline_name(name)
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


def put_pipeline(client: opensearchpy.OpenSearch, name: str, body: Mapping[str, Any], *, replace: bool = False) -> None:
    """Keep ``body`` (``pipelines.pipeline``) as ``name``. Raises InvalidOption where another pipeline has that name, unless it
    is to be replaced.
    """
    check_pipeline_name(name)
    if not replace:
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

    It stands where ``versions.set_default_search`` puts what was tuned. The server's own index.search.default_pipeline is left
    alone: once its pipeline is gone, the server refuses every search of the index, captions alone too.
    """
    kept = {key: value for key, value in version.search.items() if key != "pipeline"}
    if name is not None:
        fusion, weights = usable(get_pipeline(client, name), 2)
        check_fusion(number := server_version(client), fusion, weights)
        if fusion == "rrf":
            settings: dict[str, Any] = client.indices.get_settings(index=version.index)
            check_ranks(number, version.alias, int(settings[version.index]["settings"]["index"]["number_of_shards"]))
        kept["pipeline"] = name
    set_default_search(client, version, kept)


def used_by(client: opensearchpy.OpenSearch, name: str) -> list[str]:
    """Aliases of the indexes, or where they have none their names, whose default is the pipeline ``name``."""
    answer: dict[str, Any] = client.indices.get(index="*", params={"expand_wildcards": "open"})
    found: list[str] = []
    for index, body in answer.items():
        meta = (body.get("mappings") or {}).get("_meta") or {}
        server = ((body.get("settings") or {}).get("index") or {}).get("search") or {}
        if name in ((meta.get("search") or {}).get("pipeline"), server.get("default_pipeline")):
            found += sorted(body.get("aliases") or {index: {}})
    return sorted(found)


def read_pipeline(name: str, body: Mapping[str, Any]) -> Named:
    """What a pipeline's body does, as the server keeps it. Pure."""
    phases = body.get("phase_results_processors") or []
    others = [kind for kind in ("request_processors", "response_processors") if body.get(kind)]
    if others or len(phases) != 1 or len(phases[0]) != 1:
        return Named(name, body, other=f"has {others[0]}" if others else f"has {len(phases)} phase results processors")
    ((kind, options),) = phases[0].items()
    combination = options.get("combination") or {}
    parameters = combination.get("parameters") or {}
    weights = tuple(float(weight) for weight in parameters.get("weights") or ())
    if kind == "score-ranker-processor" and combination.get("technique", "rrf") == "rrf":
        constant = combination.get("rank_constant", RANK_CONSTANT)
        if constant != RANK_CONSTANT:
            return Named(name, body, other=f"counts ranks from {constant}, not from {RANK_CONSTANT}")
        return Named(name, body, "rrf", weights=weights)
    technique = (options.get("normalization") or {}).get("technique", "min_max")
    mean = str(combination.get("technique", "arithmetic_mean")).removesuffix("_mean")
    bounds = (options.get("normalization") or {}).get("parameters")
    if kind != "normalization-processor" or technique not in FUSIONS or mean not in MEANS or bounds:
        return Named(name, body, other=f"has {kind} {technique}{' with parameters' if bounds else ''}, {mean}")
    return Named(name, body, cast("Fusion", technique), mean, weights)


def usable(found: Named, clauses: int) -> tuple[Fusion, tuple[float, ...]]:
    """Its fusion, and a weight for each of so many clauses; InvalidOption where a hybrid cannot be searched with it."""
    if found.fusion is None:
        raise InvalidOption(
            f"search pipeline {found.name} {found.other}; name one that only joins a hybrid's scores, or make one with: clipseek "
            "pipelines put NAME"
        )
    if found.weights and len(found.weights) != clauses:
        raise InvalidOption(
            f"search pipeline {found.name} has weights for {len(found.weights)} clauses, this search has {clauses}; name another "
            "with --pipeline"
        )
    weights = found.weights or (1 / clauses,) * clauses
    # The means divide by the sum of the weights, rrf does not.
    return found.fusion, weights if found.fusion == "rrf" else tuple(weight / sum(weights) for weight in weights)


def _path(name: str) -> str:
    return f"/_search/pipeline/{quote(name, safe='')}"
