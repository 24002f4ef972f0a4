"""The embedded node's own life: one at a time, restarted after a crash, never made of a damaged file."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.opensearch.node.errors import ArtifactError, PortTaken
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import reset, start, stop
from clipseek.opensearch.node.state import NodeState, read_state, running_url

pytestmark = pytest.mark.integration


@pytest.fixture
def paths() -> Iterator[NodePaths]:
    folder = Path(tempfile.mkdtemp(prefix="clipseek-node-", dir="/var/tmp"))
    folder.chmod(0o755)
    made = NodePaths(folder, NodePaths.default().cache)
    yield made
    stop(made)
    shutil.rmtree(folder, ignore_errors=True)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_two_starts_at_once_give_one_node_and_a_crash_is_cleared_up(paths: NodePaths) -> None:
    states: list[NodeState] = []
    threads = [threading.Thread(target=lambda: states.append(start(paths, heap="512m"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(states) == 2
    assert states[0].pid == states[1].pid
    assert answers(states[0].url)
    assert running_url(paths) == states[0].url
    with pytest.raises(PortTaken, match="stop it first"):
        start(paths, port=1024)

    os.kill(states[0].pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while running_url(paths) is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert running_url(paths) is None
    again = start(paths, heap="512m")
    assert again.pid != states[0].pid
    assert answers(again.url)

    assert stop(paths) is True
    assert stop(paths) is False
    assert not answers(again.url)
    assert reset(paths) == [paths.node]
    assert not paths.node.exists()


def test_a_damaged_download_is_never_used(tmp_path: Path) -> None:
    from clipseek.opensearch.node.artifacts import Artifact, Lock, assembled

    def damaged(artifact: Artifact, cache: Path) -> Path:
        cache.mkdir(parents=True, exist_ok=True)
        file = cache / artifact.name
        file.write_bytes(b"half a fi")
        return file

    paths = NodePaths(tmp_path / "data", tmp_path / "cache")
    with pytest.raises(ArtifactError, match="SHA-256 differs"):
        assembled(Lock.shipped(), paths, lambda text: None, fetch=damaged)
    assert not list(paths.jars.glob("opensearch-*[!t]"))


def test_a_process_that_has_the_old_pid_is_left_alone(paths: NodePaths) -> None:
    paths.node.mkdir(parents=True)
    mine = os.getpid()
    NodeState(mine, "somebody else", "http://127.0.0.1:1", "2.19.1", "", True).write(paths.state)
    assert running_url(paths) is None
    assert stop(paths) is False
    assert read_state(paths.state) is None
