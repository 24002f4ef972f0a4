"""The node with ml-commons: what it is made of, and a node that an older clipseek started."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from clipseek.files.processes import identity
from clipseek.opensearch.node.artifacts import Lock
from clipseek.opensearch.node.errors import StartFailed
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import start
from clipseek.opensearch.node.state import NodeState, read_state


def state() -> NodeState:
    """Of a process that runs: this one."""
    return NodeState(os.getpid(), identity(os.getpid()) or "", "http://127.0.0.1:1", "2.19.1", "", True)


def test_only_ml_fetches_the_two_plugins() -> None:
    plain, ml = Lock.shipped(), Lock.shipped(ml=True)
    added = ml.artifacts[len(plain.artifacts) :]
    assert ml.artifacts[: len(plain.artifacts)] == plain.artifacts
    assert [one.target for one in added] == ["plugins/opensearch-job-scheduler", "plugins/opensearch-ml-plugin"]
    assert all(f":{plain.version}.0:zip" in one.coordinates and len(one.sha256) == 64 for one in added)
    assert 360e6 < sum(one.size for one in added) < 370e6  # what the help of --ml says


def test_the_folder_of_one_is_not_that_of_the_other() -> None:
    assert Lock.shipped().digest != Lock.shipped(ml=True).digest


def test_a_node_that_an_older_clipseek_started_is_still_found(tmp_path: Path) -> None:
    written = {name: value for name, value in dataclasses.asdict(state()).items() if name != "ml"}
    (tmp_path / "state.json").write_text(json.dumps(written))
    assert read_state(tmp_path / "state.json") == state()


def test_a_running_node_without_ml_is_not_taken_for_one_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clipseek.opensearch.node.service.ENDING", 0.0)  # nothing listens at its address
    paths = NodePaths(tmp_path / "data", tmp_path / "cache")
    paths.node.mkdir(parents=True)
    state().write(paths.state)
    with pytest.raises(
        StartFailed, match=r"without ml-commons runs at http://127.0.0.1:1; stop it first.*clipseek node stop"
    ):
        start(paths, ml=True, closed=False)
    assert start(paths, closed=False) == state()
