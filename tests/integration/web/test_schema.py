"""Whatever the description of the API allows, and what it does not: no failure of ours, and no answer that it does not describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from clipseek.web.app import create_app
from clipseek.web.settings import Settings
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.sizes import sized

pytestmark = pytest.mark.integration
schema = schemathesis.openapi.from_dict(create_app(Settings("http://127.0.0.1:9")).openapi())
#: A field, an id or an index that is not there is refused, and no schema can say which are there.
_EXCLUDED: list[Callable[..., Any]] = [positive_data_acceptance]


@schema.parametrize()
@settings(max_examples=sized(25, 1000), deadline=None, suppress_health_check=list(HealthCheck))
def test_no_failure_and_nothing_that_is_not_described(case: schemathesis.Case[Any], web: httpx.Client) -> None:
    *_, alias, _ = web.base_url.path.split("/")
    if isinstance(case.path_parameters, dict) and case.path_parameters.get("index"):
        case.path_parameters["index"] = alias
    case.call_and_validate(base_url=str(web.base_url.join("/")), excluded_checks=_EXCLUDED)
