"""``clipseek serve`` in a process of its own, over an index of a few pictures on a real server."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from clipseek.opensearch import connect
from clipseek.opensearch.index.inventory import delete_index
from clipseek.opensearch.ingest.run import ingest
from clipseek.sources import read_source
from clipseek.testing import ColourEncoder
from PIL import Image

COMMAND = [sys.executable, "-m", "clipseek.cli", "serve"]
COLOURS = ("red", "green", "blue")


@contextmanager
def index_of_colours(url: str, alias: str, folder: Path) -> Iterator[None]:
    """An index of three captioned pictures that lie in ``folder``; removed at the end."""
    for colour in COLOURS:
        Image.new("RGB", (64, 48), colour).save(folder / f"{colour}.png")
        (folder / f"{colour}.txt").write_text(f"a {colour} thing")
    client = connect(url)
    ingest(client, alias, ColourEncoder(), read_source(folder))
    try:
        yield
    finally:
        delete_index(client, alias)


@dataclass
class Served:
    """A running ``clipseek serve``: its process, what it printed, and its folder of tokens."""

    process: subprocess.Popen[str]
    entrance: str
    folder: Path

    @property
    def port(self) -> int:
        port = urlsplit(self.entrance).port
        assert port is not None
        return port

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.entrance).query)["token"][0]

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: object = None,
        token: str | None = "",
        **headers: str,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (names in small letters) and body.

        ``token``: "" is the right one, None sends none. A "port" among the headers is asked instead of the printed one.
        """
        if token is not None:
            headers["authorization"] = f"Bearer {token or self.token}"
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if sent is not None:
            headers.setdefault("content-type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", int(headers.pop("port", "") or self.port), timeout=30)
        try:
            connection.request(method, path, sent, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def stop(self) -> tuple[int, str]:
        """Exit code, and all that was printed on stderr."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@contextmanager
def serving(url: str, folder: Path, *options: object) -> Iterator[Served]:
    """``clipseek serve`` on a free port; ended at the end of the block."""
    command = [*COMMAND, "--url", url, *map(str, options)]
    environment = {**os.environ, "CLIPSEEK_DATA": str(folder), "CLIPSEEK_CACHE": str(folder / "cache")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        entrance = process.stdout.readline().strip()
        if not entrance:
            pytest.fail(f"clipseek serve ended: {process.communicate(timeout=30)[1]}")
        yield Served(process, entrance, folder / "serve")
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)
