"""Heat maps: of a picture of the index, and of one that was sent; and of models that have none."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing import fake_server
from clipseek.web.app import create_app
from clipseek.web.settings import Settings
from PIL import Image

from tests.models import make_tiny_clip, quiet
from tests.serving import serving
from tests.unit.web.conftest import picture

HEAT = "/api/v1/indexes/pictures/heatmap"


@pytest.fixture(scope="module")
def tells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An application whose model was exported with its patches."""
    folder: Path = tmp_path_factory.mktemp("heat")
    (folder / "shown").mkdir()
    (folder / "shown" / "a.png").write_bytes(picture("red"))
    with quiet():
        from clipseek.encoder import ClipEncoder
        from clipseek.export.checkpoint import export_bundle

        bundle = export_bundle(str(make_tiny_clip(folder / "checkpoint")), folder / "bundle", explain=True)
    with fake_server() as fake:
        ingest(connect(fake.url), "pictures", ClipEncoder(bundle), read_source(folder / "shown"))
        settings = Settings(fake.url, ("pictures",), model=bundle.path, roots=(folder / "shown",))
        with serving(create_app(settings)) as client:
            yield client


@pytest.mark.train
def test_a_picture_under_its_heat(tells: httpx.Client) -> None:
    (hit,) = tells.post("/api/v1/indexes/pictures/search", json={"text": "red"}).json()["hits"]
    sent = base64.b64encode(picture("red")).decode()
    cropped = {"data": sent, "crop": [0, 0, 1, 1]}
    maps = [
        tells.post(HEAT, json={"text": "a red cat", "id": hit["id"]}),
        tells.post(HEAT, json={"text": "a red cat", "pictures": [cropped]}),
        tells.post(HEAT, files={"upload": ("a.png", picture("red"))}, data={"query": '{"text": "a red cat"}'}),
    ]
    for answer in maps:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp"), answer.text
        with Image.open(io.BytesIO(answer.content)) as heat:
            assert (heat.format, heat.size) == ("WEBP", (384, 384))
    assert len({answer.content for answer in maps}) == 1


@pytest.mark.train
def test_one_picture_is_named_and_can_be_read(tells: httpx.Client) -> None:
    for wrong in ({}, {"id": "a", "pictures": [{"data": "AAAA"}]}, {"pictures": [{"data": "AAAA"}]}):
        assert tells.post(HEAT, json={"text": "red", **wrong}).status_code == 422
    assert tells.post(HEAT, json={"text": "red", "id": "nobody"}).status_code == 404


def test_a_model_without_patches_says_how_to_get_them(client: httpx.Client) -> None:
    answer = client.post(HEAT, json={"text": "red", "id": "a"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:clipseek:problem:no-heat-map")
    assert "--explain" in answer.json()["next"]
