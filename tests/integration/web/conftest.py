"""The application over an index of 700 coloured things on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import opensearchpy
import pytest
from clipseek.opensearch import Searcher
from clipseek.opensearch.index.version import Version
from clipseek.web.app import create_app
from clipseek.web.settings import Settings

from tests.integration.test_search import ENCODER, filled
from tests.serving import serving


@pytest.fixture(scope="module")
def version(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 700, 1)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture
def searcher(client: opensearchpy.OpenSearch, version: Version) -> Searcher:
    return Searcher(client, version, ENCODER)


@pytest.fixture(scope="module")
def web(opensearch_url: str, version: Version) -> Iterator[httpx.Client]:
    """A client whose addresses begin below the index."""
    app = create_app(Settings(opensearch_url, (version.alias,)), lambda settings, version: ENCODER)
    with serving(app) as client:
        client.base_url = client.base_url.join(f"/api/v1/indexes/{version.alias}/")
        yield client
