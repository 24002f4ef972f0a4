"""Documents that were refused, sent again: what a later run wrote is not overwritten."""

from __future__ import annotations

from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.bulk.rejected import Letter
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.again import send_again
from clipseek.sources import Record
from clipseek.testing.server import FakeServer, error

from .test_run import QUICK, draw, run


@pytest.mark.parametrize(("when", "taken"), [("2000-01-01T00:00:00Z", 0), ("2100-01-01T00:00:00Z", 1)])
def test_a_shard_that_is_away_for_a_moment_makes_nothing_older(
    server: FakeServer, client: opensearchpy.OpenSearch, tmp_path: Path, when: str, taken: int
) -> None:
    draw(tmp_path, "a.png")
    run(client, [Record("1", tmp_path / "a.png", ("of now",), None, {})])
    version = versions.current(client, "pics")
    document = {**server.documents["1"], "caption": "refused", "ingested_at": when}
    letter = Letter("pics", version.fingerprint, "1", "a.png", "index", document, "no room")
    (tmp_path / "rejected.jsonl").write_bytes(letter.line())
    away = error(503, "no_shard_available_action_exception", "no shard")[1]
    server.interceptors.append(
        lambda m, path, body: (200, {"docs": [{"_id": "1", **away}]}) if "_mget" in path else None
    )
    assert send_again(client, "pics", tmp_path / "rejected.jsonl", QUICK) == (taken, 1 - taken, [])
    assert not server.interceptors
    assert server.documents["1"]["caption"] == ("refused" if taken else "of now")
