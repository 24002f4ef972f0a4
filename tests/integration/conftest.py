"""A real OpenSearch for the integration tests, one for the whole run.

$OPENSEARCH_URL names one that runs; else a container is started (image $CLIPSEEK_TEST_IMAGE) where a Docker engine answers; else
the embedded node. With CLIPSEEK_REQUIRE_DOCKER=1, as in CI, there is no such fall-back.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from clipseek.opensearch.server.client import connect

IMAGE = os.environ.get("CLIPSEEK_TEST_IMAGE", "opensearchproject/opensearch:2.19.1")


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


@pytest.fixture(scope="session")
def opensearch_url() -> Iterator[str]:
    """The address of the server."""
    if url := os.environ.get("OPENSEARCH_URL"):
        yield url
    elif docker_answers():
        yield from _container()
    elif os.environ.get("CLIPSEEK_REQUIRE_DOCKER"):
        pytest.fail("CLIPSEEK_REQUIRE_DOCKER is set and no Docker engine answers", pytrace=False)
    else:
        yield from _embedded()


@pytest.fixture(scope="module")
def client(opensearch_url: str) -> opensearchpy.OpenSearch:
    """A client of the server."""
    return connect(opensearch_url)


def _container() -> Iterator[str]:
    import warnings

    # Its reaper is an image of its own, which cannot be pulled everywhere; the fixture stops what it started.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from testcontainers.community.opensearch import OpenSearchContainer

        container = OpenSearchContainer(IMAGE, security_enabled=False)
        container.with_env("OPENSEARCH_JAVA_OPTS", "-Xms768m -Xmx768m")
        container.with_env("cluster.routing.allocation.disk.threshold_enabled", "false")
        container.start()
    try:
        yield f"http://{container.get_container_host_ip()}:{container.get_exposed_port(9200)}"
    finally:
        container.stop()


def _embedded() -> Iterator[str]:
    from clipseek.opensearch.node.paths import NodePaths
    from clipseek.opensearch.node.service import start, stop

    # /var/tmp: as root the node runs as another user, who must get there; pytest's own folders are closed to it.
    folder = Path(tempfile.mkdtemp(prefix="clipseek-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    paths = NodePaths(folder, NodePaths.default().cache)
    try:
        yield start(paths, heap="768m", closed=False).url
    finally:
        stop(paths)
        shutil.rmtree(folder, ignore_errors=True)
