"""What an operator chooses, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Seconds for which the version behind an alias is taken for the one that it was.
VERSION_SECONDS = 3.0


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
    """

    url: str
    indexes: tuple[str, ...] = ("clipseek",)
    model: Path | None = None
    threads: int = 16
    encode_seconds: float = 10.0
    cached_vectors: int = 4096
    root_path: str = ""
