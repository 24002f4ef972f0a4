"""Ingests that something happens to, and what one ends with to which nothing happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.server.retry import Retry
from clipseek.sources import read_source
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

from tests.sizes import sized

PICTURES = sized(150, 600)
QUICK = Retry(attempts=25, first_seconds=0.01, longest_seconds=0.05)


def make_pictures(folder: Path, count: int = PICTURES) -> Path:
    """Pictures with captions; every tenth has the bytes of another."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        like = number - 1 if number % 10 == 9 else number
        Image.new("RGB", (6, 4), (like % 256, like // 256 * 40, 99)).save(folder / f"{number:03}.png")
        (folder / f"{number:03}.txt").write_text(f"words {number}")
    return folder


def run(client: opensearchpy.OpenSearch, alias: str, folder: Path, **more: Any) -> IngestReport:
    """``ingest`` of a folder, whose report adds up."""
    options = IngestOptions(batch_size=16, source=folder.as_uri(), retry=more.pop("retry", QUICK))
    encoder = more.pop("encoder", None) or ColourEncoder()
    report = ingest(client, alias, encoder, read_source(folder), options=options, **more)
    assert report.seen == report.indexed + report.replaced + report.joined + report.unchanged + report.rejected
    return report


def stored(client: opensearchpy.OpenSearch, alias: str) -> dict[str, dict[str, Any]]:
    """Every document by its id, without what differs from run to run."""
    client.indices.refresh(index=alias)
    found = {}
    for hit in client.search(index=alias, body={"size": 5000})["hits"]["hits"]:
        source = hit["_source"]
        del source["ingested_at"]
        # Pictures meet others in a batch, and a sum of floats may then differ in its last bits.
        source["image_vector"] = np.round(source["image_vector"], 5).tolist()
        found[hit["_id"]] = source
    return found
