"""On a real server: a document whose pixels would be others today is encoded again and then finds itself, and no other is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.encoder.pictures import rules
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.rules import Rules
from clipseek.encoder.run.picture import Picture
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.query.query import Query, QueryPicture
from clipseek.opensearch.search.searcher import Searcher
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

from tests.made_files import png

pytestmark = pytest.mark.integration
ALIAS = "test-pixel-rules"


class RulesEncoder(ColourEncoder):
    """Mean colours of the pixels that clipseek's own rules make."""

    def load_picture(self, data: bytes, crop: Any = None) -> Picture:
        self.decoded += 1
        seen = open_picture(data, Rules(), edge=224, crop=crop)
        return Picture(seen.pixels, seen.width, seen.height, rules=seen.met)


def test_only_what_a_changed_rule_made_is_encoded_again(
    client: opensearchpy.OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        Image.new("RGB", (20, 20), (number * 60, 90, 200)).save(tmp_path / f"plain{number}.png")
    deep = np.full((20, 20, 3), (4000, 1000, 200), np.uint16)
    (tmp_path / "deep.png").write_bytes(png(deep, bits=16))
    try:
        encoder = RulesEncoder()
        assert ingest(client, ALIAS, encoder, read_source(tmp_path)).indexed == 5
        version = versions.current(client, ALIAS)
        assert version.pixel_rules == rules.VERSIONS
        monkeypatch.setitem(rules.VERSIONS, "depth", 99)
        again = RulesEncoder()
        report = ingest(client, ALIAS, again, read_source(tmp_path))
        assert (again.decoded, report.unchanged) == (1, 4)
        found = Searcher(client, version, encoder).search(
            Query(pictures=(QueryPicture((tmp_path / "deep.png").read_bytes()),))
        )
        assert (found.hits[0].uri.rpartition("/")[2], round(found.hits[0].cosine or 0, 4)) == ("deep.png", 1.0)
        third = RulesEncoder()
        assert (ingest(client, ALIAS, third, read_source(tmp_path)).unchanged, third.decoded) == (5, 0)
    finally:
        for name in client.indices.get_alias(name=ALIAS):
            client.indices.delete(index=name)
