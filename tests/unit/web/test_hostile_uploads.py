"""Files that are sent to be searched with, and are no pictures or far too large ones: each is refused by its reason."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import connect
from clipseek.opensearch.index import versions
from clipseek.testing import fake_server
from clipseek.web.app import create_app
from clipseek.web.settings import Settings

from tests.made.others import crashing
from tests.pictures import huge_png
from tests.serving import serving
from tests.shipped import TUNED

SEARCH = "/api/v1/indexes/pictures/search"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of an application whose encoder is a real one: it decodes what is sent."""
    encoder = ClipEncoder(Bundle.load(TUNED))
    with fake_server() as fake:
        versions.create(connect(fake.url), "pictures", fingerprint=encoder.fingerprint, dimension=encoder.dimension)
        with serving(create_app(Settings(fake.url, ("pictures",)), lambda settings, version: encoder)) as one:
            yield one


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (huge_png(20_000), "megapixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</svg>", "not well-formed"),
        (crashing(), "crashed"),
        (b"<!doctype html><script>alert(1)</script>", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not an image"),
        (b"", "empty"),
    ],
    ids=["bomb", "svg", "crash", "html", "postscript", "empty"],
)
def test_an_upload_that_is_no_picture_is_refused_at_once(client: httpx.Client, data: bytes, reason: str) -> None:
    began = time.monotonic()
    answer = client.post(SEARCH, files={"upload": ("a.png", data, "image/png")})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert reason in answer.json()["detail"]
    assert "script" not in answer.text
    assert time.monotonic() - began < 5
