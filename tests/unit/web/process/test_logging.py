"""``clipseek serve --log-searches``: an index of another program under the log's name stops it before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.errors import IndexUnusable
from clipseek.opensearch.index.own_records import FEEDBACK, SEARCHES
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing import ColourEncoder, fake_server
from clipseek.web.process.options import Options
from clipseek.web.process.server import serve

from tests.unit.web.conftest import picture


def test_another_programs_index_is_named_before_anything_is_served(tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(picture("red"))
    with fake_server() as server:
        ingest(connect(server.url), "pictures", ColourEncoder(), read_source(tmp_path))
        server.records[SEARCHES], server.record_mappings[SEARCHES] = [], {"properties": {"words": {"type": "long"}}}
        options = Options(server.url, ("pictures",), log_days=7, folder=str(tmp_path / "serve"))
        with pytest.raises(IndexUnusable, match=f"index {SEARCHES} .* rename or delete it"):
            serve(options, lambda service: pytest.fail("it must not be served"))
        assert FEEDBACK not in server.records
    assert not list((tmp_path / "serve").glob("*.token"))
    assert Options.from_json(options.to_json()).log_days == 7
