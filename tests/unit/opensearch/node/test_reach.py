"""Who listens on the node's port is proved before anything is sent."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clipseek.files.processes import identity
from clipseek.opensearch.node.asking import Asking
from clipseek.opensearch.node.errors import NodeError
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process.port import listens
from clipseek.opensearch.node.reach import own, running
from clipseek.opensearch.node.state import NodeState
from clipseek.opensearch.node.status import read_status
from clipseek.opensearch.server.client import connect
from clipseek.testing.server import FakeServer

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel of Linux")


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodePaths:
    """The default folders, with a node's in them."""
    monkeypatch.setenv("CLIPSEEK_DATA", str(tmp_path))
    paths = NodePaths.default()
    paths.node.mkdir()
    return paths


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that listens nowhere."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def state_of(pid: int, url: str) -> NodeState:
    return NodeState(pid, identity(pid) or "gone", url, "2.19.1", "", True)


def test_the_process_that_listens_is_known(server: FakeServer, paths: NodePaths) -> None:
    state = state_of(os.getpid(), server.url)
    state.write(paths.state)
    assert listens(os.getpid(), int(server.url.rpartition(":")[2])) in (True, None)
    assert running() == own(server.url) == own(server.url.replace("127.0.0.1", "localhost")) == state
    assert own("http://example.com:9200") is None
    assert own(f"https://{server.url.removeprefix('http://')}") is None


@linux
def test_another_process_on_the_port_is_told_nothing(server: FakeServer, paths: NodePaths, sleeper: int) -> None:
    state_of(sleeper, server.url).write(paths.state)
    for ask in (running, lambda: own(server.url), lambda: connect(server.url)):
        with pytest.raises(NodeError, match=r"is not the node of this user .*nothing was sent"):
            ask()
    assert server.log == []
    assert read_status(paths)["running"] is False


def test_without_the_kernels_word_the_node_says_who_it_is(
    server: FakeServer, paths: NodePaths, sleeper: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipseek.opensearch.node.reach.listens", lambda pid, port: None)
    said = {"nodes": {"a": {"process": {"id": sleeper}}}}
    server.interceptors.append(lambda *_: (200, said))
    state_of(sleeper, server.url).write(paths.state)
    assert running() is not None
    server.interceptors.append(lambda *_: (200, {"nodes": {"a": {"process": {"id": 1}}}}))
    with pytest.raises(NodeError, match="is not the node of this user"):
        running()


def test_a_node_that_died_is_one_line_and_nobody_else_is_asked(server: FakeServer, paths: NodePaths) -> None:
    NodeState(os.getpid(), "somebody else", server.url, "2.19.1", "", True).write(paths.state)
    for ask in (running, lambda: connect(server.url)):
        with pytest.raises(NodeError, match=r"ended without being stopped .*clipseek node start") as caught:
            ask()
        assert "\n" not in str(caught.value)
    assert server.log == []


def test_a_node_that_is_still_starting(server: FakeServer, paths: NodePaths) -> None:
    dataclasses.replace(state_of(os.getpid(), server.url), ready=False).write(paths.state)
    with pytest.raises(NodeError, match=r"still starting; wait for it with: clipseek node start"):
        running()


def test_no_node_and_none_named(paths: NodePaths) -> None:
    assert running() is None
    assert own("http://localhost:9200") is None


def test_what_is_meant_for_another_server_is_not_sent_to_the_node(
    server: FakeServer, paths: NodePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPSEEK_USERNAME", "me")
    monkeypatch.setenv("CLIPSEEK_PASSWORD", "secret")
    state_of(os.getpid(), server.url).write(paths.state)
    connect(server.url)
    assert "authorization" not in server.headers[0]


def test_a_proxy_of_the_environment_is_not_asked(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Asking(server.url).send("GET", "/")[0] == 200


def test_a_stateless_answer_is_no_answer() -> None:
    assert Asking("http://127.0.0.1:9").send("GET", "/") == (0, None)
