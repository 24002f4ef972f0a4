"""What an operator chooses, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .log.indexes import LogIndexes

#: Seconds for which the version behind an alias is taken for the one that it was.
VERSION_SECONDS = 3.0


@dataclass(frozen=True)
class Access:
    """Who may come in, and by which names.

    token: what everybody must bring; None lets everybody in who reaches the port.
    key: signs links to single thumbnails; without it none is signed.
    port: that the application listens on; stands in the cookie's name.
    hosts: names of this service besides the machine's own addresses, in small letters.
    embed_from: origin whose pages may show signed thumbnails, like ``https://dashboards.example``.
    """

    token: str | None = None
    key: bytes = b""
    port: int = 0
    hosts: tuple[str, ...] = ()
    embed_from: str | None = None


@dataclass(frozen=True)
class Limits:
    """What one request may take, and all of them together.

    request_bytes: of a request's body; held_bytes: of all bodies that are held at once.
    megapixels, megabytes: of a picture that is shown. cache_bytes: of the thumbnails that are kept on disk.
    searches, pictures: requests that are worked on at once; waiting: how many more wait, for at most wait_seconds.
    head_seconds: until a request's headers are here; body_seconds: until its body is, and a second more for each body_rate bytes.
    write_seconds: until a client has taken what it was sent; connections: that are open at once; stop_seconds: for what is
    under way when the service is stopped.
    """

    request_bytes: int = 32_000_000
    held_bytes: int = 256_000_000
    megapixels: float = 178.0
    megabytes: float = 256.0
    cache_bytes: int = 512_000_000
    searches: int = 8
    pictures: int = 16
    waiting: int = 128
    wait_seconds: float = 5.0
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    body_rate: int = 50_000
    write_seconds: float = 30.0
    connections: int = 512
    stop_seconds: float = 10.0


@dataclass(frozen=True)
class Logging:
    """That searches and feedback are logged: for how many days, and in which indexes."""

    days: int
    indexes: LogIndexes = field(default_factory=LogIndexes)


@dataclass(frozen=True)
class Settings:
    """How the application is run.

    url: address of the OpenSearch server.
    indexes: aliases that are served, the default one first.
    model: folder of a bundle for the indexes that it filled; others are searched with the bundle that they name.
    threads: requests that are worked on at once; further ones wait.
    encode_seconds: how long a query may wait for its vector.
    cached_vectors: query vectors that are kept, so that another weight or page does not encode again.
    root_path: where a proxy has put the application, like ``/pictures``.
    access: who may come in.
    limits: what requests may take.
    roots: folders whose pictures are shown; without any, no picture is.
    thumbnails: folder in which thumbnails are kept.
    log: whether and for how long searches are logged; None for not at all.
    """

    url: str
    indexes: tuple[str, ...] = ("clipseek",)
    model: Path | None = None
    threads: int = 16
    encode_seconds: float = 10.0
    cached_vectors: int = 4096
    root_path: str = ""
    access: Access = Access()
    limits: Limits = Limits()
    roots: tuple[Path, ...] = ()
    thumbnails: Path | None = None
    log: Logging | None = None
