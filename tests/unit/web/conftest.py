"""The application over a fake server that holds three pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing import ColourEncoder, FakeServer, fake_server
from clipseek.web.app import create_app
from clipseek.web.settings import Settings
from PIL import Image

from tests.serving import serving

COLOURS = ("red", "green", "blue")


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def filled(folder: Path) -> Iterator[FakeServer]:
    """A fake server whose index ``pictures`` has a picture of each colour in ``folder``, captioned with it."""
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(picture(colour))
        (folder / f"{colour}.txt").write_text(f"a {colour} thing")
    with fake_server() as fake:
        ingest(connect(fake.url), "pictures", ColourEncoder(), read_source(folder))
        yield fake


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    """``filled``."""
    with filled(tmp_path_factory.mktemp("pictures")) as fake:
        yield fake


@pytest.fixture(scope="module")
def client(server: FakeServer) -> Iterator[httpx.Client]:
    """A client of the application."""
    encoder = ColourEncoder()
    with serving(create_app(Settings(server.url, ("pictures",)), lambda settings, version: encoder)) as client:
        yield client
