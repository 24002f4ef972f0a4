"""Every made picture of every format and depth finds itself in an index, with the vector of the 8-bit PNG of what is seen."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import opensearchpy
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.pictures.rules import Rules
from clipseek.opensearch.index import versions
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record

from tests.made import dicoms, others, pillows, tiffs
from tests.made.scene import colour, grey, rgb
from tests.shipped import TUNED

pytestmark = pytest.mark.integration
ALIAS = f"test-made-pictures-{os.getpid()}"


def test_a_made_picture_finds_itself_and_is_as_its_png(client: opensearchpy.OpenSearch, tmp_path: Path) -> None:
    every = itertools.chain(pillows.samples(), tiffs.samples(), dicoms.samples(), others.samples())
    samples = [sample for sample in every if sample.rules == Rules()]  # others need a bundle of other choices
    assert len(samples) >= 300
    encoder = ClipEncoder(Bundle.load(TUNED), device="cpu")
    records = []
    for number, sample in enumerate(samples):
        path = tmp_path / f"{number}"
        path.write_bytes(sample.make())
        records.append(Record(str(number), path))
    try:
        report = ingest(client, ALIAS, encoder, records)
        assert (report.indexed, report.skipped.total(), report.rejected) == (len(samples), 0, 0)
        index = versions.current(client, ALIAS).index
        own = encoder.encode_pictures([encoder.load_picture(record.image.read_bytes()) for record in records])
        twins = encoder.encode_pictures([encoder.load_picture(pillows.write(one.shown, "PNG")) for one in samples])
        stored = client.mget(index=index, body={"ids": [record.id for record in records]})["docs"]
        indexed = np.array([document["_source"]["image_vector"] for document in stored], np.float32)
        lost = []
        for number, (sample, vector, twin) in enumerate(zip(samples, own, twins, strict=True)):
            # By every vector: of 343 a graph may miss one, and which vectors are stored is asked here.
            wanted = {"vector": vector.tolist(), "k": len(samples), "filter": {"match_all": {}}}
            query = {"knn": {"image_vector": wanted}}
            found = client.search(index=index, body={"size": 1, "_source": False, "query": query})["hits"]["hits"]
            # Itself, or what looks the same.
            cosines = float(indexed[number] @ vector), float(indexed[int(found[0]["_id"])] @ vector)
            if min(cosines) < 0.9999 or float(vector @ twin) < 0.99:
                lost.append((sample.name, found[0]["_id"], *cosines, float(vector @ twin)))
        assert lost == []
        scenes = (rgb(grey()), colour(), others.quarters())
        apart = encoder.encode_pictures([encoder.load_picture(pillows.write(scene, "PNG")) for scene in scenes])
        assert float(np.triu(apart @ apart.T, 1).max()) < 0.99
    finally:
        client.indices.delete(index=",".join(client.indices.get_alias(name=ALIAS)))
