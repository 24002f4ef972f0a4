"""The application over an index of files of many kinds, of which only some may be shown."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from clipseek.encoder.pictures.crop import Crop
from clipseek.opensearch import connect
from clipseek.opensearch.index.image_uri import image_uri
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source, tar_picture
from clipseek.testing import ColourEncoder, FakeServer, fake_server
from clipseek.web.app import create_app
from clipseek.web.pictures.shown import as_webp
from clipseek.web.settings import Access, Limits, Settings
from PIL import Image

from tests.asgi import Client

HERE = "http://127.0.0.1:8642"


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (600, 400)) -> bytes:
    buffer = io.BytesIO()
    colour = 900 if mode.startswith("I") else "red"
    Image.new(mode, size, colour).save(buffer, kind)
    return buffer.getvalue()


@dataclass
class Shown:
    """``root`` is shown, ``outside`` is not; ``add`` puts a document into the index, and its file where ``data`` is given."""

    server: FakeServer
    root: Path
    outside: Path

    def add(self, name: str, path: Path, data: bytes | None = None) -> str:
        if data is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.server.documents[name] = {"image_uri": image_uri(path)}
        return name

    def member(self, name: str, archive: Path, start: int, size: int) -> str:
        self.server.documents[name] = {"image_uri": image_uri(tar_picture(archive, "a/1.jpg", start, size))}
        return name

    def client(
        self,
        *roots: Path,
        off: bool = False,
        limits: Limits | None = None,
        thumbnails: Path | None = None,
        **access: object,
    ) -> Client:
        settings = Settings(
            self.server.url,
            ("pictures",),
            roots=() if off else roots or (self.root,),
            limits=limits or Limits(),
            thumbnails=thumbnails,
            access=Access(port=8642, **access),  # type: ignore[arg-type]
        )
        return Client(create_app(settings, lambda settings, version: ColourEncoder()), HERE)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "first.png").write_bytes(encoded("PNG"))
    (outside / "secret.png").write_bytes(encoded("PNG"))
    with fake_server() as fake:
        ingest(connect(fake.url), "pictures", ColourEncoder(), read_source(root))
        fake.documents.clear()
        yield Shown(fake, root, outside)


@pytest.fixture
def count_decodings(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many thumbnails were made."""
    made: list[int] = []

    def counted(data: bytes, size: int, megapixels: float, megabytes: float, crop: Crop | None = None) -> bytes:
        made.append(os.getpid())
        return as_webp(data, size, megapixels, megabytes, crop)

    monkeypatch.setattr("clipseek.web.pictures.service.as_webp", counted)
    return lambda: len(made)
