"""A real OpenSearch for the integration tests, one for the whole run.

$OPENSEARCH_URL names one that runs; else a container is started (image $CLIPSEEK_TEST_IMAGE) where a Docker engine answers; else
the embedded node. With CLIPSEEK_REQUIRE_DOCKER=1, as in CI, there is no such fall-back.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.server.client import connect

from tests.command import run_command

IMAGE = os.environ.get("CLIPSEEK_TEST_IMAGE", "opensearchproject/opensearch:2.19.1")
#: As whom the tests come in to a container: by ``clipseek security setup``.
USER = "tester"
#: Of each container, by its address.
_administrators: dict[str, Mapping[str, str]] = {}
#: Where images have the authority of their certificate.
AUTHORITY = "/usr/share/opensearch/config/root-ca.pem"


def docker_answers() -> bool:
    """True where a Docker engine can be used."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def server_in_use() -> str:
    """Which server the integration tests will meet, in words."""
    if url := os.environ.get("OPENSEARCH_URL"):
        return f"OpenSearch at {url}"
    return f"container of {IMAGE}" if docker_answers() else "embedded node (no Docker engine answers)"


def pytest_report_header() -> str:
    return f"integration tests use: {server_in_use()}"


@pytest.fixture(scope="package")
def opensearch_url() -> Iterator[str]:
    """The address of the server. A container is closed: as whom the tests come in stands in the environment."""
    if url := os.environ.get("OPENSEARCH_URL"):
        yield url
    elif docker_answers():
        yield from _container()
    elif os.environ.get("CLIPSEEK_REQUIRE_DOCKER"):
        pytest.fail("CLIPSEEK_REQUIRE_DOCKER is set and no Docker engine answers", pytrace=False)
    else:
        with _embedded(closed=False) as (url, _):
            yield url


@dataclass(frozen=True)
class ClosedServer:
    """A server with the security plugin. administrator: what its administrator's commands need of the environment."""

    url: str
    administrator: Mapping[str, str]

    @property
    def authority(self) -> str:
        return self.administrator["CLIPSEEK_CA_CERTS"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """By its administrator."""
        client = connect(self.url, environ=self.administrator)
        try:
            return client.transport.perform_request(method, path, body=body)
        finally:
            client.close()


@pytest.fixture(scope="package")
def closed_server(request: pytest.FixtureRequest) -> Iterator[ClosedServer]:
    """The container, where that is the server of the tests; else an embedded node."""
    if not os.environ.get("OPENSEARCH_URL") and docker_answers():
        url = request.getfixturevalue("opensearch_url")
        yield ClosedServer(url, _administrators[url])
        return
    with _embedded(closed=True) as (url, administrator):
        yield ClosedServer(url, administrator)


@pytest.fixture(scope="module")
def client(opensearch_url: str) -> opensearchpy.OpenSearch:
    """A client of the server."""
    return connect(opensearch_url)


def _container() -> Iterator[str]:
    import warnings

    # Its reaper is an image of its own, which cannot be pulled everywhere; the fixture stops what it started.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    password = f"{secrets.token_urlsafe(24)}aA1-"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from testcontainers.community.opensearch import OpenSearchContainer
        from testcontainers.core.config import testcontainers_config

        testcontainers_config.max_tries = 300  # seconds: TLS and the security plugin on a busy machine
        container = OpenSearchContainer(IMAGE, security_enabled=True, initial_admin_password=password)
        container.with_env("OPENSEARCH_INITIAL_ADMIN_PASSWORD", password)
        container.with_env("OPENSEARCH_JAVA_OPTS", "-Xms768m -Xmx768m")
        container.with_env("cluster.routing.allocation.disk.threshold_enabled", "false")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            container.start()
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            authority = _authority(container, Path(folder))
            patch.setenv("CLIPSEEK_CA_CERTS", str(authority))
            host, port = "127.0.0.1", int(container.get_exposed_port(9200))
            if not _listens(host, port):  # the tests run in a container themselves: its certificate has no such address
                host = container.get_container_host_ip()
                patch.setenv("CLIPSEEK_VERIFY_CERTS", "0")
            url = f"https://{host}:{port}"
            _administrators[url] = {**_environment("admin", password, authority), **_trust()}
            _come_in(url, _administrators[url], Path(folder), patch)
            yield url
    finally:
        container.stop()


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=5):
            return True
    except OSError:
        return False


def _authority(container: Any, folder: Path) -> Path:
    """The certificate, taken out of the container."""
    chunks, _ = container.get_wrapped_container().get_archive(AUTHORITY)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        found = archive.extractfile(Path(AUTHORITY).name)
        assert found is not None
        path = folder / "authority.pem"
        path.write_bytes(found.read())
        return path


def _trust() -> dict[str, str]:
    return {name: os.environ[name] for name in ("CLIPSEEK_VERIFY_CERTS",) if name in os.environ}


def _come_in(url: str, administrator: Mapping[str, str], folder: Path, patch: pytest.MonkeyPatch) -> None:
    """From now on as a user of the role admin, made as people make one; the server's administrator stays outside."""
    kept = folder / "passwords.json"
    done = run_command(
        "security", "setup", "--user", f"{USER}:admin", "--passwords", kept, "--url", url, environment=administrator
    )
    assert done.returncode == 0, done.stderr
    patch.setenv("CLIPSEEK_USERNAME", USER)
    patch.setenv("CLIPSEEK_PASSWORD", json.loads(kept.read_text())[USER])


@contextmanager
def _embedded(*, closed: bool) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Address, and the administrator's environment."""
    from clipseek.opensearch.node.closed.credentials import ADMIN, read_credentials
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start, stop

    # /var/tmp: as root the node runs as another user, who must get there; pytest's own folders are closed to it.
    folder = Path(tempfile.mkdtemp(prefix="clipseek-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    paths = NodePaths(folder, NodePaths.default().cache)
    try:
        url = start(paths, heap="768m", closed=closed).url
        password = read_credentials(paths.credentials).admin if closed else ""
        yield url, _environment(ADMIN, password, paths.authority)
    finally:
        stop(paths)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(user: str, password: str, authority: Path) -> dict[str, str]:
    return {"CLIPSEEK_USERNAME": user, "CLIPSEEK_PASSWORD": password, "CLIPSEEK_CA_CERTS": str(authority)}
