"""What of a ``Neural`` is on the server: connectors, models, their groups, and pipelines."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import opensearchpy

from ..errors import NotFound, RequestRefused, ServerError
from .bodies import Request

_ML = "/_plugins/_ml"
_DEPLOY_SECONDS = 60.0


@dataclass(frozen=True)
class Model:
    """A registered model. ``state``: DEPLOYED, or what it is instead; ``connector``: id."""

    id: str
    state: str
    description: str
    connector: str | None

    @property
    def url(self) -> str:
        """Where it asks for vectors (``Neural.description``)."""
        return self.description.rpartition("encoder ")[2]


def send(client: opensearchpy.OpenSearch, request: Request) -> Any:
    """The answer to ``request``. Raises the errors of the tree."""
    return client.transport.perform_request(request.method, request.path, body=dict(request.body))


def find_models(client: opensearchpy.OpenSearch, name: str) -> list[Model]:
    """The models of that very name."""
    return [
        Model(
            row["_id"],
            str(row["_source"].get("model_state", "")),
            str(row["_source"].get("description", "")),
            row["_source"].get("connector_id"),
        )
        for row in _found(client, "models", name)
    ]


def find_connectors(client: opensearchpy.OpenSearch, name: str) -> list[str]:
    """Ids of the connectors of that very name."""
    return [row["_id"] for row in _found(client, "connectors", name)]


def find_groups(client: opensearchpy.OpenSearch, name: str) -> list[str]:
    """Ids of the model groups of that very name."""
    return [row["_id"] for row in _found(client, "model_groups", name)]


def _found(client: opensearchpy.OpenSearch, kind: str, name: str) -> list[Mapping[str, Any]]:
    body = {"query": {"term": {"name.keyword": name}}, "size": 100}
    try:
        answer = client.transport.perform_request("POST", f"{_ML}/{kind}/_search", body=body)
    except NotFound:  # nobody has made one yet
        return []
    return [row for row in answer["hits"]["hits"] if row["_source"].get("name") == name]


def deployed(client: opensearchpy.OpenSearch, model: str) -> None:
    """Wait until the model is deployed. Raises ServerError where it is not within a minute."""
    end, state = time.monotonic() + _DEPLOY_SECONDS, ""
    while time.monotonic() < end:
        state = client.transport.perform_request("GET", f"{_ML}/models/{model}").get("model_state", "")
        if state == "DEPLOYED":
            return
        if state == "DEPLOY_FAILED":
            break
        time.sleep(0.2)
    raise ServerError(f"the model was registered, and is {state or 'unknown'}, not DEPLOYED; run the command again")


def vector_of(client: opensearchpy.OpenSearch, model: str, words: str) -> list[float]:
    """The vector that the model gives the words, through the server. Raises the errors of the tree."""
    body = {"parameters": {"inputText": words}}
    answer = client.transport.perform_request("POST", f"{_ML}/models/{model}/_predict", body=body)
    return list(answer["inference_results"][0]["output"][0]["data"])


def remove_model(client: opensearchpy.OpenSearch, model: str) -> None:
    """Undeploy and delete it, if it is there."""
    _gone(client, "POST", f"{_ML}/models/{model}/_undeploy")
    for attempt in range(20):
        try:
            return _gone(client, "DELETE", f"{_ML}/models/{model}")
        except RequestRefused:  # it is still being undeployed
            if attempt == 19:
                raise
            time.sleep(0.5)


def remove_connector(client: opensearchpy.OpenSearch, connector: str) -> None:
    _gone(client, "DELETE", f"{_ML}/connectors/{connector}")


def remove_group(client: opensearchpy.OpenSearch, group: str) -> None:
    _gone(client, "DELETE", f"{_ML}/model_groups/{group}")


def get_template(client: opensearchpy.OpenSearch, name: str) -> Any:
    """What the stored search template asks; None where there is none."""
    try:
        answer = client.transport.perform_request("GET", f"/_scripts/{quote(name, safe='')}")
    except NotFound:
        return None
    return json.loads(answer["script"]["source"])


def remove_template(client: opensearchpy.OpenSearch, name: str) -> None:
    _gone(client, "DELETE", f"/_scripts/{quote(name, safe='')}")


def get_pipeline(client: opensearchpy.OpenSearch, kind: str, name: str) -> Mapping[str, Any] | None:
    """The body of the pipeline; ``kind`` is ``search`` or ``ingest``."""
    try:
        answer = client.transport.perform_request("GET", _pipeline(kind, name))
    except NotFound:
        return None
    body: Mapping[str, Any] | None = answer.get(name)
    return body


def remove_pipeline(client: opensearchpy.OpenSearch, kind: str, name: str) -> None:
    _gone(client, "DELETE", _pipeline(kind, name))


def _pipeline(kind: str, name: str) -> str:
    return f"/_{kind}/pipeline/{quote(name, safe='')}"


def _gone(client: opensearchpy.OpenSearch, method: str, path: str) -> None:
    try:
        client.transport.perform_request(method, path)
    except NotFound:
        return
