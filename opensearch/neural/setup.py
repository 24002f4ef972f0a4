"""Make an index searchable by ``neural`` queries, tell whether it is, and take that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import opensearchpy

from ..errors import OpenSearchError, ServerError
from ..index.version import Version
from .bodies import Neural
from .parts import (
    deployed,
    find_connectors,
    find_groups,
    find_models,
    get_pipeline,
    get_template,
    remove_connector,
    remove_group,
    remove_model,
    remove_pipeline,
    remove_template,
    send,
    vector_of,
)
from .settings import TRUSTED, change, changed_settings, read_settings, without

_DEFAULT = "index.search.default_pipeline"


@dataclass(frozen=True)
class SetUp:
    """``model``: its id. ``made``: what was not there as it is to be, in words."""

    model: str
    made: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """What of an index's ``Neural`` is there. ``problem``: why it does not work, and empty where it does.

    model: id of the deployed model; state: of the model. default: whether the search pipeline is the index's default.
    """

    name: str
    model: str | None = None
    state: str | None = None
    encoder: str | None = None
    search_pipeline: bool = False
    ingest_pipeline: bool = False
    search_template: bool = False
    default: bool = False
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def pending_settings(client: opensearchpy.OpenSearch, neural: Neural) -> dict[str, Any]:
    """The cluster settings that ``set_up`` would change. Raises PluginMissing where the server has no ml-commons."""
    return changed_settings(read_settings(client), neural.url)


def set_up(client: opensearchpy.OpenSearch, neural: Neural, token: str | None, *, as_default: bool = False) -> SetUp:
    """Bring the server there, from wherever an earlier run has left it. ``token``: what the service wants; None for nothing.

    What is right already stays, ids included. The cluster settings are changed as ``pending_settings`` says. Raises the errors of
    the tree; an earlier setup that works goes on as it was then.
    """
    made = []
    if settings := pending_settings(client, neural):
        change(client, settings)
        made.append("cluster settings")
    send(client, neural.guard())
    model = _working(client, neural)
    if model is None:
        try:
            model = _register(client, neural, token)
        except OpenSearchError:
            if TRUSTED in settings:
                change(client, without(read_settings(client), [neural.url]))
            raise
        made.append("connector and model")
    for kind, request in (("search", neural.search_pipeline(model)), ("ingest", neural.ingest_pipeline(model))):
        if get_pipeline(client, kind, neural.name) != request.body:
            send(client, request)
            made.append(f"{kind} pipeline")
    template = neural.search_template(model)
    if get_template(client, neural.name) != template.body["script"]["source"]:
        send(client, template)
        made.append("search template")
    if as_default and _default_of(client, neural.version) != neural.name:
        send(client, neural.default())
        made.append("default of the index")
    old = [other.url for other in find_models(client, neural.name) if other.url != neural.url]
    _remove_models(client, neural.name, but=model)  # what an earlier run has left, or another address
    if settings := without(read_settings(client), old):
        change(client, settings)
    return SetUp(model, tuple(made))


def read_status(client: opensearchpy.OpenSearch, version: Version) -> Status:
    """What is there, and whether a query by words gets its vector. Raises the errors of the tree for what no setup would mend."""
    read_settings(client)
    name = f"clipseek-{version.alias}"
    models = find_models(client, name)
    status = Status(
        name,
        search_pipeline=get_pipeline(client, "search", name) is not None,
        ingest_pipeline=get_pipeline(client, "ingest", name) is not None,
        search_template=get_template(client, name) is not None,
        default=_default_of(client, version) == name,
    )
    if not models:
        return _with(status, problem="no model is registered")
    model = models[0]
    status = _with(status, model=model.id, state=model.state, encoder=model.url or None)
    if f"fingerprint {version.fingerprint}" not in model.description:
        return _with(status, problem=f"the model is not {version.fingerprint[:8]}, which filled the index")
    try:
        numbers = len(vector_of(client, model.id, "a picture"))
    except OpenSearchError as failure:
        return _with(status, problem=str(failure))
    if numbers != version.dimension:
        return _with(status, problem=f"vectors have {numbers} numbers, those of the index {version.dimension}")
    parts = ("search_pipeline", "ingest_pipeline", "search_template")
    missing = [part.replace("_", " ") for part in parts if not getattr(status, part)]
    return _with(status, problem=f"there is no {' and no '.join(missing)}" if missing else "")


def remove(client: opensearchpy.OpenSearch, version: Version) -> tuple[str, ...]:
    """Take everything back that ``set_up`` made, the index's default first; what was there, in words. The field ``fingerprint`` of
    the index stays, and so do the cluster settings but for the address.
    """
    there, name, gone = read_settings(client), f"clipseek-{version.alias}", []
    if _default_of(client, version) == name:
        client.indices.put_settings(index=version.index, body={_DEFAULT: None})
        gone.append("default of the index")
    for kind in ("search", "ingest"):
        if get_pipeline(client, kind, name) is not None:
            remove_pipeline(client, kind, name)
            gone.append(f"{kind} pipeline")
    if get_template(client, name) is not None:
        remove_template(client, name)
        gone.append("search template")
    models = find_models(client, name)
    if _remove_models(client, name):
        gone.append("connector and model")
    urls = [model.url for model in models]
    if settings := without(there, urls):
        change(client, settings)
        gone.append("trusted address")
    return tuple(gone)


def _working(client: opensearchpy.OpenSearch, neural: Neural) -> str | None:
    """Id of the one model that is as it is to be and gives vectors; None where one must be made."""
    models = find_models(client, neural.name)
    if len(models) != 1 or models[0].description != neural.description or models[0].state != "DEPLOYED":
        return None
    try:
        right = len(vector_of(client, models[0].id, "a picture")) == neural.version.dimension
    except OpenSearchError:  # another token, or another address: what is made anew says what is wrong
        return None
    return models[0].id if right else None


def _register(client: opensearchpy.OpenSearch, neural: Neural, token: str | None) -> str:
    """Id of a new model that has given a vector. Raises the errors of the tree, and leaves nothing then."""
    connector: str = send(client, neural.connector(token))["connector_id"]
    model: str | None = None
    try:
        group = next(iter(find_groups(client, neural.name)), None)
        model = str(send(client, neural.model(connector, group))["model_id"])
        deployed(client, model)
        numbers = len(vector_of(client, model, "a picture"))
        if numbers != neural.version.dimension:
            raise ServerError(f"it makes vectors of {numbers} numbers, the index holds {neural.version.dimension}")
    except OpenSearchError as failure:
        if model is not None:
            remove_model(client, model)
        remove_connector(client, connector)
        raise ServerError(
            f"the encoder at {neural.url} gave the server no vector ({failure}); is clipseek serve up there, with this token?"
        ) from None
    return model


def _remove_models(client: opensearchpy.OpenSearch, name: str, but: str | None = None) -> bool:
    """Remove models and connectors of the name but the model ``but`` and its own, and with all of them their group. Returns whether
    there were any.
    """
    models, connectors = find_models(client, name), set(find_connectors(client, name))
    kept = {model.connector for model in models if model.id == but}
    for model in models:
        if model.id != but:
            remove_model(client, model.id)
    for connector in connectors - kept:
        remove_connector(client, connector)
    if but is None:
        for group in find_groups(client, name):
            remove_group(client, group)
    return bool(models or connectors)


def _default_of(client: opensearchpy.OpenSearch, version: Version) -> str | None:
    """Name of the index's default search pipeline."""
    answer: Mapping[str, Any] = client.indices.get_settings(
        index=version.index, name=_DEFAULT, params={"flat_settings": "true"}
    )
    found: str | None = answer.get(version.index, {}).get("settings", {}).get(_DEFAULT)
    return found


def _with(status: Status, **known: Any) -> Status:
    return Status(**{**asdict(status), **known})
