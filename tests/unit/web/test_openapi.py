"""The description: OpenAPI 3.1, every failure a problem, every example one that the API takes."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from clipseek.web.api import answer
from clipseek.web.api.request import models
from clipseek.web.app import create_app
from clipseek.web.settings import Settings
from pydantic import BaseModel

MADE: dict[str, Any] = create_app(Settings("http://127.0.0.1:9")).openapi()
OPERATIONS = [
    (method, path, operation) for path, methods in MADE["paths"].items() for method, operation in methods.items()
]


def test_it_is_openapi_3_1_and_valid() -> None:
    pytest.importorskip("schemathesis", reason="schemathesis needs Python 3.11")
    import jsonschema_rs
    from schemathesis.specs.openapi.definitions import OPENAPI_31

    assert MADE["openapi"] == "3.1.0"
    errors = [str(error) for error in jsonschema_rs.validator_for(OPENAPI_31).iter_errors(MADE)]
    assert errors == []


def test_every_reference_leads_to_a_schema() -> None:
    names = set(re.findall(r"'#/components/schemas/(\w+)'", str(MADE)))
    assert names <= set(MADE["components"]["schemas"])
    assert names >= {"SearchRequest", "Problem", "SearchAnswer"}
    assert "HTTPValidationError" not in MADE["components"]["schemas"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_and_how_it_fails(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert re.fullmatch(r"[a-z_]+", operation["operationId"])
    statuses = {"401", "404", "409", "422", "429", "500", "503", "504"}
    assert statuses <= operation["responses"].keys()
    for status in statuses:
        (kind,) = operation["responses"][status]["content"]
        assert kind == "application/problem+json"
    assert ("requestBody" in operation) == (method == "post")
    assert ("413" in operation["responses"]) == (method == "post")


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_every_field_of_a_request_is_described() -> None:
    for name in ("SearchRequest", "FusionRequest"):
        told = MADE["components"]["schemas"][name]
        assert told["additionalProperties"] is False
        bare = [field for field, schema in told["properties"].items() if "description" not in str(schema)]
        assert bare == []


@pytest.mark.parametrize("name", [name for name, told in MADE["components"]["schemas"].items() if "examples" in told])
def test_the_examples_are_as_they_are_described(name: str) -> None:
    model: type[BaseModel] = getattr(answer, name, None) or getattr(models, name)
    for example in MADE["components"]["schemas"][name]["examples"]:
        model.model_validate_json(json.dumps(example))


def test_the_description_is_served_and_no_page_with_scripts_from_elsewhere(client: httpx.Client) -> None:
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "clipseek"
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404
