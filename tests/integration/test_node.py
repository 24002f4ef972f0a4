"""The embedded node's own life: one at a time, restarted after a crash, never made of a damaged file."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.opensearch.node.errors import ArtifactError, PortTaken
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process.port import free_ports
from clipseek.opensearch.node.process.waiting import Patience
from clipseek.opensearch.node.service import reset, start, stop
from clipseek.opensearch.node.state import NodeState, read_state, running_url
from clipseek.opensearch.node.status import read_status
from clipseek.opensearch.server.client import connect

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
    threads = [
        threading.Thread(target=lambda: states.append(start(paths, closed=False, heap="512m"))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(states) == 2
    assert states[0].pid == states[1].pid
    assert answers(states[0].url)
    assert running_url(paths) == states[0].url
    with pytest.raises(PortTaken, match="stop it first"):
        start(paths, closed=False, port=1024)

    os.kill(states[0].pid, signal.SIGKILL)
    end = time.monotonic() + 10
    while running_url(paths) is not None and time.monotonic() < end:
        time.sleep(0.05)
    assert running_url(paths) is None
    again = start(paths, closed=False, heap="512m")
    assert again.pid != states[0].pid
    assert answers(again.url)

    assert stop(paths) is True
    assert stop(paths) is False
    assert not answers(again.url)
    assert reset(paths) == [paths.node]
    assert not paths.node.exists()


def test_writes_that_were_not_flushed_are_replayed_however_long_and_a_stop_leaves_none(paths: NodePaths) -> None:
    state = start(paths, closed=False, heap="512m")
    client = connect(state.url)
    client.indices.create(index="many", body={"settings": {"number_of_replicas": 0, "refresh_interval": -1}})
    for _ in range(10):
        rows = "".join(f'{{"index":{{}}}}\n{{"n":{n}}}\n' for n in range(5000))
        client.bulk(body=rows, index="many")
    os.kill(state.pid, signal.SIGKILL)
    said: list[str] = []
    again = start(
        paths, closed=False, heap="512m", on_progress=said.append, patience=Patience(answer=120, still=60, say=0)
    )
    assert any("recovering: 0 of 1 shards up" in line for line in said)
    assert connect(again.url).count(index="many")["count"] == 50_000

    client = connect(again.url)
    client.bulk(body=rows, index="many")
    began = time.monotonic()
    assert stop(paths) is True
    assert time.monotonic() - began < 25  # and not killed after its time
    client = connect(start(paths, closed=False, heap="512m").url)
    assert client.indices.stats(index="many", metric="translog")["_all"]["primaries"]["translog"]["operations"] == 0
    assert client.cat.recovery(index="many", format="json")[0]["translog_ops"] == "0"


def test_folders_are_private_the_log_rolls_and_the_disk_is_guarded_by_what_is_free(paths: NodePaths) -> None:
    state = start(paths, closed=False, heap="512m")
    settings = connect(state.url).cluster.get_settings(params={"include_defaults": "true", "flat_settings": "true"})
    disk = "cluster.routing.allocation.disk."
    found = {**settings["defaults"], **settings["persistent"]}
    assert [found[f"{disk}watermark.{name}"] for name in ("low", "high", "flood_stage")] == ["2gb", "1gb", "500mb"]
    assert found[f"{disk}threshold_enabled"] == "true"
    for path in (paths.indices, paths.logs, paths.scratch):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for root, _, files in os.walk(paths.node):
        for name in files:
            assert not Path(root, name).stat().st_mode & 0o007, f"{root}/{name}"
    if os.geteuid() == 0:
        owners = {
            line.split()[1] for line in Path(f"/proc/{state.pid}/status").read_text().splitlines() if "Uid:" in line
        }
        assert owners == {str(paths.indices.stat().st_uid)}
        assert owners.isdisjoint({"0", "65534"})
        other = subprocess.run(["ls", str(paths.node)], user=65534, capture_output=True, check=False)
        assert other.returncode != 0
    stop(paths)
    start(paths, closed=False, heap="512m")
    assert {"node.log", "node.1.log"} <= {path.name for path in paths.logs.iterdir()}
    status = read_status(paths)
    assert (status["health"], status["problem"]) == ("green", None)
    assert status["disk_free"].endswith(" GB")


def test_a_port_that_is_taken_while_it_starts_gives_way_to_another(
    paths: NodePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        ports = iter([(taken, free_ports(None)[1])])
        monkeypatch.setattr(
            "clipseek.opensearch.node.process.launch.free_ports", lambda wish: next(ports, None) or free_ports(wish)
        )
        said: list[str] = []
        state = start(paths, closed=False, heap="512m", on_progress=said.append)
        assert not state.url.endswith(f":{taken}")
        assert answers(state.url)
        assert any("another process took the port meanwhile" in line for line in said)


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
