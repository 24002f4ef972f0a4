"""The embedded node is killed, and its disk really full, in the middle of an ingest: it ends with the documents of one to which
nothing happens.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import opensearchpy
import pytest
from clipseek.opensearch.errors import IndexReadOnly, IngestFailed, OpenSearchError
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import start, stop
from clipseek.opensearch.node.state import NodeState
from clipseek.opensearch.server.client import connect
from clipseek.opensearch.server.disk import disk_is_full
from clipseek.opensearch.server.retry import Retried, Retry

from tests.integration.ingesting import PICTURES, make_pictures, run, stored
from tests.ports import free_port

pytestmark = pytest.mark.integration
#: Of the disk; the node's guard closes its indexes to writes below 500 MB.
DISK_MEGABYTES = 1500
SHORT = Retry(attempts=3, first_seconds=0.1, longest_seconds=0.2)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


@dataclass
class Node:
    """A node whose data lie on a small disk of their own, where one can be mounted."""

    paths: NodePaths
    state: NodeState
    has_own_disk: bool

    def kill(self) -> None:
        os.kill(self.state.pid, signal.SIGKILL)
        wait_for(lambda: not self.state.alive(), 20)

    def start(self) -> None:
        self.state = start(self.paths, closed=False, heap="512m", port=int(self.state.url.rsplit(":", 1)[1]))

    @property
    def client(self) -> opensearchpy.OpenSearch:
        return connect(self.state.url, check=False)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    folder = Path(tempfile.mkdtemp(prefix="clipseek-fails-", dir="/var/tmp"))
    mounted = (
        os.geteuid() == 0
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=755", "tmpfs", folder],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    folder.chmod(0o755)
    paths = NodePaths(folder, NodePaths.default().cache)
    environment = pytest.MonkeyPatch()
    environment.setenv("CLIPSEEK_DATA", str(folder))
    try:
        yield Node(paths, start(paths, closed=False, heap="512m", port=free_port()), mounted)
    finally:
        stop(paths)
        environment.undo()
        if mounted:
            subprocess.run(["umount", "--lazy", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def clean(node: Node, folder: Path) -> dict[str, dict[str, Any]]:
    """The documents of a run to which nothing happens."""
    run(node.client, "clean", folder)
    return stored(node.client, "clean")


@pytest.fixture
def alias() -> str:
    return f"failing-{uuid.uuid4().hex[:8]}"


def in_the_middle(act: Callable[[], None]) -> Callable[[Any], None]:
    """An ``on_event`` that does something once, when a third of the pictures is encoded."""
    done = threading.Event()

    def on_event(event: Any) -> None:
        if isinstance(event, IngestReport) and event.encoded > PICTURES // 3 and not done.is_set():
            done.set()
            act()

    return on_event


def test_a_node_that_is_killed_and_started_again_is_waited_for(
    node: Node, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    restart = threading.Thread(target=node.start)
    retried: list[Retried] = []

    def kill() -> None:
        node.kill()
        restart.start()

    act = in_the_middle(kill)

    def on_event(event: Any) -> None:
        act(event)
        if isinstance(event, Retried):
            retried.append(event)

    report = run(node.client, alias, folder, on_event=on_event, retry=Retry(attempts=200, longest_seconds=0.5))
    restart.join()
    assert retried
    assert report.indexed + report.joined == PICTURES
    assert stored(node.client, alias) == clean


@pytest.mark.soak
def test_a_node_that_stays_away_ends_the_run_in_one_line_and_the_next_run_completes_it(
    node: Node, alias: str, folder: Path, clean: dict[str, dict[str, Any]]
) -> None:
    with pytest.raises(OpenSearchError) as caught:
        run(node.client, alias, folder, on_event=in_the_middle(node.kill), retry=SHORT)
    assert "\n" not in str(caught.value)
    assert node.state.url in str(caught.value)
    node.start()
    report = run(node.client, alias, folder)
    assert report.unchanged + report.indexed + report.joined == PICTURES
    assert stored(node.client, alias) == clean


@pytest.mark.soak
@pytest.mark.parametrize("left", [0, 300_000_000], ids=["no byte is free", "the node's guard has closed it"])
def test_a_disk_that_is_full_is_named_nothing_is_lost_and_the_next_run_completes_it(
    node: Node, alias: str, folder: Path, clean: dict[str, dict[str, Any]], left: int
) -> None:
    if not node.has_own_disk:
        pytest.skip("needs a disk of its own: root, who may mount one")
    ballast = node.paths.data / "ballast"

    def fill() -> None:
        with ballast.open("wb") as file:
            free = shutil.disk_usage(node.paths.data).free
            os.posix_fallocate(file.fileno(), 0, max(1, free - left))
        if left:
            wait_for(lambda: "read_only_allow_delete" in str(node.client.indices.get_settings(index=alias)), 90)

    try:
        with pytest.raises(IngestFailed if not left else IndexReadOnly) as caught:
            run(node.client, alias, folder, on_event=in_the_middle(fill), retry=Retry(attempts=6, longest_seconds=1))
    finally:
        ballast.unlink()
    assert "\n" not in str(caught.value)
    assert f"disk of node embedded, {node.paths.data}" in str(caught.value)
    wait_for(lambda: not disk_is_full(node.client), 10)
    report = run(node.client, alias, folder, retry=Retry(attempts=100, longest_seconds=1))
    assert report.unchanged + report.indexed + report.joined == PICTURES
    assert stored(node.client, alias) == clean
