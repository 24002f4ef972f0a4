"""Files that are several hits: tiles of scenes, pages, frames and slices, against a real OpenSearch and a real model."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import opensearchpy
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.parts import Parting, crop_of
from clipseek.opensearch import Page, Query, QueryPicture, Searcher
from clipseek.opensearch.ingest.options import IngestOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import Record
from numpy.typing import NDArray
from PIL import Image

from tests.made import dicoms, tiffs
from tests.shipped import TUNED

pytestmark = pytest.mark.integration
TICKS = count(10**9)
TILES = Parting.read("96,16")
EVERY = Parting(every=("page", "frame", "slice"))


@pytest.fixture(scope="module")
def encoder() -> ClipEncoder:
    return ClipEncoder(Bundle.load(TUNED), device="cpu")


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-parts-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.delete(index=index)


def scene(width: int = 240, height: int = 176, seed: int = 1) -> NDArray[np.uint8]:
    """(H, W, 3), large fields of other colours in each place."""
    small = np.random.default_rng(seed).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def put(path: Path, data: bytes | NDArray[np.uint8]) -> Path:
    """Write a file, changed at another second than any before."""
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        Image.fromarray(data).save(path)
    tick = next(TICKS)
    os.utime(path, (tick, tick))
    return path


def bring(
    client: opensearchpy.OpenSearch,
    alias: str,
    encoder: ClipEncoder,
    entries: Iterable[Path | Record],
    parting: Parting | None = TILES,
    **more: Any,
) -> IngestReport:
    records = [
        entry if isinstance(entry, Record) else Record(None, entry, (f"words of {entry.stem}",)) for entry in entries
    ]
    options = IngestOptions(batch_size=8, workers=2, source="file:///scenes", parting=parting, **more)
    report = ingest(client, alias, encoder, records, options=options)
    ends = report.indexed + report.replaced + report.joined + report.unchanged + report.rejected
    assert report.seen == len(records) == ends + report.skipped.total()
    assert report.captions + report.captions_lost.total() == sum(len(record.captions) for record in records)
    client.indices.refresh(index=alias)
    return report


def stored(client: opensearchpy.OpenSearch, alias: str) -> dict[str, dict[str, Any]]:
    return {hit["_id"]: hit["_source"] for hit in client.search(index=alias, body={"size": 1000})["hits"]["hits"]}


def counts(report: IngestReport) -> dict[str, int]:
    names = ("indexed", "replaced", "joined", "unchanged", "parted", "parts", "encoded")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def test_each_tile_finds_itself_and_says_where_it_is(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, tmp_path: Path
) -> None:
    png, tif = put(tmp_path / "a.png", scene()), put(tmp_path / "b.tif", tiffs.write(scene(seed=2), tile=(16, 16)))
    small = put(tmp_path / "c.png", scene(64, 48, 3))
    report = bring(client, alias, encoder, [png, tif, small])
    assert counts(report) == {"indexed": 3, "parted": 2, "parts": 12, "encoded": 13}
    searcher = Searcher.open(client, alias, encoder)
    for name, document in stored(client, alias).items():
        file = {"words of a": png, "words of b": tif, "words of c": small}[document["caption"]]
        crop = crop_of(document.get("part"))
        assert (crop is None) == (file is small)
        answer = searcher.search(Query(pictures=(QueryPicture(file.read_bytes(), crop=crop),)), page=Page(size=1))
        assert (answer.hits[0].id, answer.hits[0].part) == (name, document.get("part"))
        assert answer.hits[0].cosine == pytest.approx(1, abs=1e-4)
        if crop is not None:
            assert name == f"{document['content_hash']}:tile={crop}"
            assert (document["width"], document["height"]) == (96, 96)
    # The tile as somebody cut it out and saved it.
    pixels = Image.fromarray(scene()).crop((80, 80, 176, 176))
    stream = io.BytesIO()
    pixels.save(stream, "PNG")
    hit = searcher.search(Query(pictures=(QueryPicture(stream.getvalue()),))).hits[0]
    assert hit.id.endswith(":tile=80,80,96,96")
    assert hit.cosine == pytest.approx(1, abs=1e-4)
    # To the scene, in a vector search by the server, in a hybrid here.
    for query in (Query(pictures=(QueryPicture(stream.getvalue()),)), Query("words of a")):
        answer = searcher.search(query, page=Page(size=20, group_duplicates=True))
        assert sorted(hit.caption for hit in answer.hits) == ["words of a", "words of b", "words of c"]
    of = hit.part and hit.part["of"]
    narrowed = searcher.search(Query("words", filters=(f"part.of={of}", "part.kind=tile")), page=Page(size=20))
    assert {hit.caption for hit in narrowed.hits} == {"words of a"}
    assert len(narrowed.hits) == 6
    near = searcher.search(Query("words"), page=Page(size=20, group_near=True))
    assert len(near.hits) > 3  # tiles of one scene are no near duplicates for being of one file


def test_rows_of_one_id_say_their_captions_of_every_tile(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, tmp_path: Path
) -> None:
    path, other = put(tmp_path / "a.png", scene()), put(tmp_path / "b.png", scene(64, 48, 3))
    rows = [Record("own", path, ("one",)), Record("b", other, ("small",)), Record("own", path, ("two",))]
    report = bring(client, alias, encoder, rows)
    assert counts(report) == {"indexed": 2, "joined": 1, "parted": 2, "parts": 12, "encoded": 7}
    tiles = [document for name, document in stored(client, alias).items() if name.startswith("own:")]
    assert [set(document["caption"].split("\n")) for document in tiles] == [{"one", "two"}] * 6
    assert counts(bring(client, alias, encoder, rows)) == {"unchanged": 3, "parted": 2, "parts": 12}
    refused = bring(client, alias, encoder, [*rows, Record("own", other, ("of another",))])
    assert refused.captions_lost == {"duplicate": 1}


def test_again_is_unchanged_and_what_an_entry_lost_goes(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, tmp_path: Path
) -> None:
    path = put(tmp_path / "a.png", scene())
    own = Record("own", put(tmp_path / "own.png", scene(seed=5)), ("mine",))
    assert counts(bring(client, alias, encoder, [path, own]))["parts"] == 12
    assert counts(bring(client, alias, encoder, [path, own])) == {"unchanged": 2, "parted": 2, "parts": 12}
    # A run that was killed: a tile is missing.
    lost = next(name for name in stored(client, alias) if name.startswith("own:"))
    client.delete(index=client.indices.get_alias(name=alias).popitem()[0], id=lost, params={"refresh": "true"})
    again = bring(client, alias, encoder, [path, own])
    assert counts(again) == {"indexed": 1, "unchanged": 1, "parted": 2, "parts": 12, "encoded": 1}
    # Edited, with fewer tiles: the old ones go.
    put(path, scene(176, 96, 7))
    put(own.image, scene(176, 96, 8))
    assert counts(bring(client, alias, encoder, [path, own])) == {"replaced": 2, "parted": 2, "parts": 4, "encoded": 4}
    assert len(stored(client, alias)) == 4
    # As whole pictures, and other tiles.
    assert counts(bring(client, alias, encoder, [path, own], None)) == {"replaced": 2, "encoded": 2}
    assert sorted("part" in document for document in stored(client, alias).values()) == [False, False]
    assert counts(bring(client, alias, encoder, [path, own], Parting(96)))["parts"] == 4
    assert len(stored(client, alias)) == 4
    # Pruned with all their tiles.
    assert bring(client, alias, encoder, [own], Parting(96), prune=True).pruned == 2
    assert {name.partition(":")[0] for name in stored(client, alias)} == {"own"}


def test_a_copy_joins_each_tile_and_leaves_them(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, tmp_path: Path
) -> None:
    a, b = put(tmp_path / "a.png", scene()), put(tmp_path / "b.png", scene())
    report = bring(client, alias, encoder, [a, b])
    assert counts(report) == {"indexed": 1, "joined": 1, "parted": 2, "parts": 12, "encoded": 6}
    assert {document["caption"] for document in stored(client, alias).values()} == {"words of a\nwords of b"}
    assert counts(bring(client, alias, encoder, [a, b])) == {"unchanged": 2, "parted": 2, "parts": 12}
    put(b, scene(176, 96, 9))
    assert counts(bring(client, alias, encoder, [a, b]))["replaced"] == 1
    captions = [document["caption"] for document in stored(client, alias).values()]
    assert sorted(captions) == ["words of a"] * 6 + ["words of b"] * 2


def test_a_file_of_which_nothing_can_be_read_counts_once(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, tmp_path: Path
) -> None:
    good, stream = put(tmp_path / "a.png", scene()), io.BytesIO()
    Image.fromarray(scene(seed=4)).save(stream, "PNG")
    broken = put(tmp_path / "b.png", stream.getvalue()[: len(stream.getvalue()) // 2])
    report = bring(client, alias, encoder, [good, broken])
    assert (report.indexed, dict(report.skipped), dict(report.captions_lost)) == (
        1,
        {"unreadable": 1},
        {"unreadable": 1},
    )
    assert (report.parted, report.parts, len(stored(client, alias))) == (1, 6, 6)


def _pdf(pages: list[NDArray[np.uint8]]) -> bytes:
    stream = io.BytesIO()
    first, *others = map(Image.fromarray, pages)
    first.save(stream, "PDF", save_all=True, append_images=others)
    return stream.getvalue()


def _tiff(pages: list[NDArray[np.uint8]]) -> bytes:
    stream = io.BytesIO()
    first, *others = map(Image.fromarray, pages)
    first.save(stream, "TIFF", save_all=True, append_images=others)
    return stream.getvalue()


def _dicom(pages: list[NDArray[np.uint8]]) -> bytes:
    return dicoms.write(dicoms.dataset(np.stack(pages), NumberOfFrames=len(pages)))


def _nifti(pages: list[NDArray[np.uint8]]) -> bytes:
    volume = np.stack([page[..., 0].T.astype(np.int16) for page in pages], -1)
    made: Any = nibabel.Nifti1Image
    return bytes(made(volume, np.eye(4)).to_bytes())


@pytest.mark.parametrize(
    ("kind", "write", "grey"),
    [("page", _pdf, False), ("page", _tiff, False), ("frame", _dicom, True), ("slice", _nifti, False)],
)
def test_each_page_finds_itself(
    client: opensearchpy.OpenSearch, alias: str, encoder: ClipEncoder, tmp_path: Path, kind: str, write: Any, grey: bool
) -> None:
    pages = [scene(96, 64, seed) for seed in range(4)]
    path = put(tmp_path / "a", write([page[..., 0] for page in pages] if grey else pages))
    report = bring(client, alias, encoder, [path], EVERY)
    assert counts(report) == {"indexed": 1, "parted": 1, "parts": 4, "encoded": 4}
    searcher = Searcher.open(client, alias, encoder)
    for number in range(1, 5):
        crop = Crop.read(f"{kind}={number}")
        hit = searcher.search(Query(pictures=(QueryPicture(path.read_bytes(), crop=crop),))).hits[0]
        assert hit.id.endswith(f":{kind}={number}")
        assert hit.cosine == pytest.approx(1, abs=1e-4)
    assert len({tuple(document["image_vector"]) for document in stored(client, alias).values()}) == 4
    assert counts(bring(client, alias, encoder, [path], EVERY)) == {"unchanged": 1, "parted": 1, "parts": 4}
    put(path, write([page[..., 0] for page in pages[:2]] if grey else pages[:2]))
    assert counts(bring(client, alias, encoder, [path], EVERY))["replaced"] == 1
    assert len(stored(client, alias)) == 2
