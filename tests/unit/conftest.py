"""A fake server and a client of it, for every room that speaks to one."""

from __future__ import annotations

from collections.abc import Iterator

import opensearchpy
import pytest
from clipseek.opensearch.server.client import connect
from clipseek.testing.server import FakeServer, fake_server


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


@pytest.fixture
def client(server: FakeServer) -> Iterator[opensearchpy.OpenSearch]:
    client = connect(server.url, environ={})
    yield client
    client.close()
