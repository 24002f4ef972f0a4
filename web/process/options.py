"""How the service is run: what the command line says, as one value that another process can be given."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipseek.opensearch.node.paths import NodePaths

#: The port where none is named, if it is free.
PREFERRED_PORT = 8642
#: The log of a start in the background, until its port is known.
STARTING = "starting.log"


@dataclass(frozen=True)
class Options:
    """What ``clipseek serve`` was asked for; folders and files as absolute paths.

    url, indexes, model, roots, root_path: as in Settings. port: None is PREFERRED_PORT or a free one.
    proxies: addresses of proxies that speak TLS for this service, whose X-Forwarded-Proto is believed.
    token_file: holds the token of all starts; without it, each start makes one. open: no token is wanted.
    log_days: for how many days searches and feedback are logged; None for not at all.
    name: of whose service this is, so that its next start finds it ("demo"). folder: where processes leave word of themselves.
    """

    url: str
    indexes: tuple[str, ...] = ()
    model: str | None = None
    roots: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int | None = None
    certificate: str | None = None
    key: str | None = None
    hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    root_path: str = ""
    token_file: str | None = None
    open: bool = False
    embed_from: str | None = None
    access_log: bool = False
    log_days: int | None = None
    name: str = ""
    folder: str = dataclasses.field(default_factory=lambda: str(default_folder()))

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Options:
        given = json.loads(text).items()
        fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
        return cls(**fields)


def default_folder() -> Path:
    """Where tokens, logs and state of this user's services lie."""
    return NodePaths.default().data / "serve"
