"""Whatever the description of the API allows, and what it does not: no failure of ours, and no answer that it does not describe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

if sys.version_info < (3, 11):
    pytest.skip("schemathesis needs Python 3.11", allow_module_level=True)
import schemathesis
from clipseek.opensearch import connect
from clipseek.opensearch.index.version import Version
from clipseek.web.app import create_app
from clipseek.web.log.indexes import LogIndexes
from clipseek.web.settings import Access, Logging, Settings
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.integration.test_search import ENCODER
from tests.serving import serving
from tests.sizes import sized

pytestmark = pytest.mark.integration
TOKEN = "a-token-of-this-test"
schema = schemathesis.openapi.from_dict(
    create_app(Settings("http://127.0.0.1:9", access=Access(token=TOKEN))).openapi()
)
#: A field, an id or an index that is not there is refused, and no schema can say which are there.
_EXCLUDED: list[Callable[..., Any]] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def guarded(opensearch_url: str, version: Version) -> Iterator[httpx.Client]:
    """A client of an application that wants a token, and logs searches."""
    logs = LogIndexes(f"{version.alias}-searches", f"{version.alias}-feedback")
    settings = Settings(opensearch_url, (version.alias,), access=Access(token=TOKEN), log=Logging(7, logs))
    with serving(create_app(settings, lambda settings, version: ENCODER)) as client:
        yield client
    connect(opensearch_url).indices.delete(index=",".join(logs.kinds.values()), params={"ignore_unavailable": "true"})


@schema.parametrize()
@settings(max_examples=sized(25, 1000), deadline=None, suppress_health_check=list(HealthCheck))
def test_no_failure_and_nothing_that_is_not_described(
    case: schemathesis.Case[Any], guarded: httpx.Client, version: Version
) -> None:
    if isinstance(case.path_parameters, dict) and case.path_parameters.get("index"):
        case.path_parameters["index"] = version.alias
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    case.call_and_validate(base_url=str(guarded.base_url), headers=bearer, excluded_checks=_EXCLUDED)
