"""What is listed to a user of some indexes alone."""

from __future__ import annotations

import json

import opensearchpy
from clipseek.opensearch.index.inventory import bodies
from clipseek.opensearch.index.version import version_name
from clipseek.testing.server import Answer, FakeServer, error

OLD = "pics-0123abcd-20260101000000"


def test_whoever_may_not_ask_for_all_gets_those_that_clipseek_made_one_by_one(
    server: FakeServer, client: opensearchpy.OpenSearch
) -> None:
    """By their names, of today and of older clipseeks; of another's not even the name is asked for."""
    mine, closed, foreign = version_name("pics", 12), version_name("theirs", 1), "logs-2026.01.01"
    there = {mine, OLD, closed, foreign}

    def restricted(method: str, path: str, body: bytes) -> Answer | None:
        name = path.removeprefix("/")
        if name == "_alias":
            return 200, {one: {"aliases": {}} for one in there}
        if name in (mine, OLD):
            return 200, {name: {"mappings": {}}}
        return error(403, "security_exception", f"no permissions for {json.dumps(name)}")

    server.interceptors += [restricted] * 5
    assert set(bodies(client)) == {mine, OLD}
    asked = {path for _, path in server.log}
    assert f"/{closed}" in asked
    assert f"/{foreign}" not in asked
