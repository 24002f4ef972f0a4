"""A node that recovers is up: shown, waited for, never ended while it answers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clipseek.files.processes import identity
from clipseek.opensearch.node.asking import Asking
from clipseek.opensearch.node.errors import PortTaken, StartFailed
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process.waiting import Patience, last_error, wait_until_up
from clipseek.opensearch.node.state import NodeState, read_state
from clipseek.testing.server import FakeServer

QUICK = Patience(answer=0.5, still=0.6, say=0.0)


@pytest.fixture
def paths(tmp_path: Path) -> NodePaths:
    made = NodePaths(tmp_path, tmp_path)
    made.logs.mkdir(parents=True)
    return made


def node(pid: int, url: str) -> NodeState:
    return NodeState(pid, identity(pid) or "", url, "2.19.1", "", False)


def health(status: str, up: int, waiting: int) -> dict[str, Any]:
    return {"status": status, "active_primary_shards": up, "unassigned_shards": waiting, "initializing_shards": 0}


def test_recovery_is_shown_and_waited_for_as_long_as_it_moves(server: FakeServer, paths: NodePaths) -> None:
    answers: Iterator[tuple[int, Any]] = iter(
        [
            (503, {}),
            *((200, one) for n in range(12) for one in (health("red", 0, 1), recovering(n))),
            (200, health("green", 1, 0)),
        ]
    )
    server.interceptors.extend(lambda *_, answer=answer: answer for answer in answers)
    said: list[str] = []
    state = wait_until_up(paths, node(os.getpid(), server.url), Asking(server.url), said.append, QUICK)
    assert state.ready
    assert read_state(paths.state) == state
    assert "recovering: 0 of 1 shards up, 3,000 of 12,000 operations replayed" in said


def recovering(n: int) -> list[dict[str, str]]:
    return [{"translog_ops": "12000", "translog_ops_recovered": str(n * 1000)}]


def test_a_node_that_answers_and_does_not_move_stays_up(server: FakeServer, paths: NodePaths) -> None:
    for _ in range(40):
        server.interceptors.append(lambda *_: (200, health("red", 3, 1)))
        server.interceptors.append(lambda *_: (200, []))
    said: list[str] = []
    assert wait_until_up(paths, node(os.getpid(), server.url), Asking(server.url), said.append, QUICK).ready
    assert any("the node is up with 3 of 4 shards up" in line for line in said)


def test_a_process_that_never_answers_is_ended_and_one_of_another_on_its_port_does_not_count(
    server: FakeServer, paths: NodePaths
) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        with pytest.raises(StartFailed, match=r"nor write to its log for 0 s, and was ended"):
            wait_until_up(paths, node(process.pid, server.url), Asking(server.url), lambda text: None, QUICK)
        process.wait(5)
    assert server.log == []  # what listens there is another process


def test_a_slow_start_is_waited_for_as_long_as_its_log_grows(server: FakeServer, paths: NodePaths) -> None:
    began, said = time.monotonic(), 0

    def busy(*_: object) -> tuple[int, object]:
        nonlocal said
        said += 1
        with paths.log.open("a") as log:
            log.write(f"[INFO] module {said}\n")
        if time.monotonic() - began > 3 * QUICK.answer:
            return 200, health("green", 1, 0)
        server.interceptors.append(busy)
        return 503, {}

    server.interceptors.append(busy)
    assert wait_until_up(paths, node(os.getpid(), server.url), Asking(server.url), lambda text: None, QUICK).ready
    assert time.monotonic() - began > 3 * QUICK.answer


def test_a_process_that_ends_leaves_its_last_error(server: FakeServer, paths: NodePaths) -> None:
    paths.log.write_text("[INFO] well\njava.lang.IllegalStateException: no way\n\tat org.Somewhere\n")
    with subprocess.Popen(["true"]) as process:
        process.wait()
        with pytest.raises(StartFailed, match=r"ended while starting: java\.lang\.IllegalStateException: no way"):
            wait_until_up(paths, node(process.pid, server.url), Asking(server.url), lambda text: None, QUICK)


def test_a_port_that_another_process_took_meanwhile_is_told_apart(server: FakeServer, paths: NodePaths) -> None:
    paths.log.write_text("Likely root cause: java.net.BindException: Address already in use\n")
    with subprocess.Popen(["true"]) as process:
        process.wait()
        with pytest.raises(PortTaken, match=r"ended while starting: .*Address already in use"):
            wait_until_up(paths, node(process.pid, server.url), Asking(server.url), lambda text: None, QUICK)


def test_the_last_error_is_read_through_no_link(paths: NodePaths, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ERROR secret")
    paths.log.symlink_to(secret)
    paths.started.write_text("Error: no memory\n")
    assert last_error(paths) == "Error: no memory"
