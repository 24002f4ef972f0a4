"""A document whose pixels would be others today is encoded again, and no other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.encoder.pictures import rules
from clipseek.encoder.pictures.images import open_picture
from clipseek.encoder.pictures.probe import may_meet
from clipseek.encoder.pictures.rules import VERSIONS, Rules
from clipseek.encoder.run.picture import Picture
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder
from clipseek.testing.server import FakeServer
from PIL import Image

from tests.made_files import TiffPage, png, tiff


class RulesEncoder(ColourEncoder):
    """Pixels by clipseek's own rules."""

    def load_picture(self, data: bytes, crop: Any = None) -> Picture:
        self.decoded += 1
        seen = open_picture(data, Rules(), edge=224, crop=crop)
        return Picture(seen.pixels, seen.width, seen.height, rules=seen.met)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three plain pictures, a deep one and a thumbnail before its picture."""
    for number in range(3):
        Image.new("RGB", (12, 9), (number * 60, 9, 99)).save(
            tmp_path / f"plain{number}.{('png', 'jpg', 'bmp')[number]}"
        )
    values = np.full((20, 20, 3), 3000, np.uint16)
    (tmp_path / "deep.png").write_bytes(png(values, bits=16))
    pages = TiffPage(np.full((5, 5, 3), 9, np.uint8), {254: 1}), TiffPage(np.full((20, 20, 3), 200, np.uint8))
    (tmp_path / "pages.tif").write_bytes(tiff(*pages))
    return tmp_path


def run(client: opensearchpy.OpenSearch, folder: Path) -> tuple[IngestReport, RulesEncoder]:
    encoder = RulesEncoder()
    return ingest(client, "pics", encoder, read_source(folder)), encoder


def by_name(server: FakeServer) -> dict[str, dict[str, Any]]:
    return {str(document["image_uri"]).rpartition("/")[2]: document for document in server.documents.values()}


def test_a_document_stores_the_rules_that_its_picture_met(
    server: FakeServer, client: opensearchpy.OpenSearch, folder: Path
) -> None:
    run(client, folder)
    stored = {name: document.get("pixel_rules") for name, document in by_name(server).items()}
    assert stored["deep.png"] == [f"depth:{VERSIONS['depth']}"]
    assert stored["pages.tif"] == [f"pages:{VERSIONS['pages']}"]
    assert [stored[f"plain{number}"] for number in ("0.png", "1.jpg", "2.bmp")] == [None] * 3


def test_only_documents_whose_rule_changed_are_encoded_again(
    server: FakeServer, client: opensearchpy.OpenSearch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(client, folder)
    assert run(client, folder)[1].decoded == 0
    monkeypatch.setitem(rules.VERSIONS, "depth", 99)
    report, encoder = run(client, folder)
    assert (encoder.decoded, report.unchanged) == (1, 4)
    assert by_name(server)["deep.png"]["pixel_rules"] == ["depth:99"]
    assert run(client, folder)[1].decoded == 0


def test_an_index_from_before_rules_were_kept_is_mended_once(
    server: FakeServer, client: opensearchpy.OpenSearch, folder: Path
) -> None:
    run(client, folder)
    for document in server.documents.values():
        for field in ("pixel_rules", "source_entries", "source_places", "source_names"):
            document.pop(field, None)
    index = next(iter(server.indexes))
    for body in server.indexes.values():
        body["mappings"]["_meta"].pop("pixel_rules", None)
        body["mappings"]["properties"].pop("pixel_rules", None)
    assert index
    report, encoder = run(client, folder)
    assert (encoder.decoded, report.unchanged) == (2, 3)
    assert run(client, folder)[1].decoded == 0


def test_a_plain_picture_may_meet_nothing_and_an_odd_one_what_it_meets(folder: Path) -> None:
    for path in folder.iterdir():
        met = {entry.partition(":")[0] for entry in open_picture(path.read_bytes(), Rules(), edge=224).met}
        changed = {name for name in met if VERSIONS[name] > 1}
        assert changed <= may_meet(path.read_bytes()), path.name
        assert path.name.startswith("plain") == (not may_meet(path.read_bytes()))
    shutil.rmtree(folder)
