"""Whose the node's folders are, and what is never touched."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from clipseek.files.processes import identity
from clipseek.opensearch.node.errors import NodeElsewhere, NodeError, UnreachableFolder
from clipseek.opensearch.node.folders import (
    ASSEMBLED,
    MARK,
    check_for_root,
    make_folder,
    make_node_folder,
    open_private,
    remove_node,
    write_private,
)
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process.user import FORMER, User, adopt, give
from clipseek.opensearch.node.reach import running
from clipseek.opensearch.node.service import reset, stop
from clipseek.opensearch.node.state import NodeState

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def paths(tmp_path: Path) -> NodePaths:
    return NodePaths(tmp_path / "data", tmp_path / "cache")


def test_only_what_is_made_gets_the_mode_whatever_the_umask(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o750)
    before = os.umask(0)
    try:
        make_folder(there / "a" / "b")
    finally:
        os.umask(before)
    assert [mode(there), mode(there / "a"), mode(there / "a" / "b")] == [0o750, 0o700, 0o700]


def test_stopping_makes_and_changes_no_folder(paths: NodePaths) -> None:
    assert stop(paths) is False
    assert not paths.data.exists()
    paths.data.mkdir()
    paths.data.chmod(0o700)
    assert stop(paths) is False
    assert mode(paths.data) == 0o700


def test_a_folder_that_is_no_nodes_is_neither_used_nor_removed(paths: NodePaths) -> None:
    other = paths.node / "src" / "index.js"
    other.parent.mkdir(parents=True)
    other.write_text("x")
    for refused in (lambda: reset(paths), lambda: make_node_folder(paths, None)):
        with pytest.raises(UnreachableFolder, match="holds something else than a node's files"):
            refused()
    assert other.read_text() == "x"


def test_reset_removes_what_a_node_wrote_and_nothing_beside_it(paths: NodePaths, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    paths.data.mkdir()
    make_node_folder(paths, None)
    paths.indices.mkdir()
    paths.config.symlink_to(outside)
    (paths.node / "notes.txt").write_text("mine")
    reset(paths)
    assert [path.name for path in paths.node.iterdir()] == ["notes.txt"]
    assert (outside / "kept").read_text() == "x"


def test_a_folder_of_an_older_clipseek_is_known_again(paths: NodePaths) -> None:
    paths.config.mkdir(parents=True)
    (paths.config / "opensearch.yml").write_text('cluster.name: "clipseek"\n')
    assert remove_node(paths) == [paths.node]
    assert not paths.node.exists()


def test_a_strangers_folder_with_a_file_of_that_name_is_no_nodes(paths: NodePaths) -> None:
    """``state.json`` and ``config`` are names that anybody may use."""
    (paths.node / "config").mkdir(parents=True)
    (paths.node / "config" / "theirs.yml").write_text("x")
    paths.state.write_text('{"counter": 1}')
    with pytest.raises(UnreachableFolder, match="something else than a node's files"):
        reset(paths)
    assert (paths.node / "config" / "theirs.yml").read_text() == "x"


def test_reset_all_removes_what_was_fetched_for_nodes_alone(paths: NodePaths, tmp_path: Path) -> None:
    paths.data.mkdir()
    theirs = [paths.jars / "opensearch-notes", paths.jars / "repository"]
    for folder in theirs:
        folder.mkdir(parents=True)
    assert reset(paths, everything=True) == []
    assert all(folder.is_dir() for folder in theirs)
    (paths.jars / MARK).touch()
    made = paths.jars / "opensearch-2.19.1-abc"
    made.mkdir()
    (made / ASSEMBLED).touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (paths.jars / "java-21-x").symlink_to(outside)
    reset(paths, everything=True)
    assert outside.is_dir()
    assert [path.name for path in paths.jars.iterdir()] == ["opensearch-notes"]
    linked = NodePaths(paths.data, tmp_path / "other")
    linked.cache.mkdir()
    linked.jars.symlink_to(outside)
    with pytest.raises(UnreachableFolder, match="is a link"):
        reset(linked, everything=True)


_HOLDS = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print(flush=True)
    sys.stdin.read()
"""


def test_a_node_that_cannot_be_seen_from_here_is_not_taken_for_dead(
    paths: NodePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that shares the folder with another one: the process id of its state is nobody's here."""
    lock = paths.indices / "nodes" / "0" / "node.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    monkeypatch.setattr("clipseek.opensearch.node.folders.ENDING", 0.1)
    NodeState(2**22 - 1, "of another container", "http://127.0.0.1:1", "2.19.1", "", True).write(paths.state)
    with subprocess.Popen([sys.executable, "-c", _HOLDS, str(lock)], stdin=-1, stdout=-1) as node:
        assert node.stdout is not None
        node.stdout.readline()
        for use in (lambda: stop(paths), lambda: reset(paths), lambda: running(paths)):
            with pytest.raises(NodeElsewhere, match="a node of another container or machine works in"):
                use()
        assert paths.state.is_file()
        assert lock.is_file()
        assert node.stdin is not None
        node.stdin.close()
    with pytest.raises(NodeError, match="ended without being stopped"):
        running(paths)
    assert stop(paths) is False
    assert not paths.state.exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="containers are told apart on Linux alone")
def test_a_node_of_another_container_is_not_waited_for(paths: NodePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = paths.indices / "nodes" / "0" / "node.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    monkeypatch.setattr("clipseek.opensearch.node.folders.time.sleep", lambda seconds: pytest.fail("it waits"))
    own = identity(os.getpid())
    assert own is not None
    theirs = f"{own.rpartition(':')[0]}:1"
    NodeState(2**22 - 1, theirs, "http://127.0.0.1:1", "2.19.1", "", True).write(paths.state)
    with subprocess.Popen([sys.executable, "-c", _HOLDS, str(lock)], stdin=-1, stdout=-1) as node:
        assert node.stdout is not None
        node.stdout.readline()
        with pytest.raises(NodeElsewhere, match="a node of another container or machine works in"):
            running(paths)
        node.terminate()


def test_a_node_that_is_ending_is_waited_for(paths: NodePaths) -> None:
    """Its first thread may have ended before its last one gives the lock back."""
    lock = paths.indices / "nodes" / "0" / "node.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with subprocess.Popen([sys.executable, "-c", _HOLDS, str(lock)], stdin=-1, stdout=-1) as node:
        assert node.stdout is not None
        node.stdout.readline()
        NodeState(2**22 - 1, "ended", "http://127.0.0.1:1", "2.19.1", "", True).write(paths.state)
        threading.Timer(0.3, node.terminate).start()
        with pytest.raises(NodeError, match="ended without being stopped"):
            running(paths)


def test_files_are_private_and_no_link_is_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / "file").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        open_private(tmp_path / "file")
    before = os.umask(0)
    try:
        write_private(tmp_path / "file", "new")
    finally:
        os.umask(before)
    assert victim.read_text() == "kept"
    assert mode(tmp_path / "file") == 0o600
    with open_private(tmp_path / "file") as file:
        assert file.read() == "new"


@as_root
def test_root_keeps_no_node_where_another_can_put_something_else(tmp_path: Path) -> None:
    folder = tmp_path / "open" / "data"
    folder.mkdir(parents=True)
    check_for_root(folder)
    (tmp_path / "link").symlink_to(folder)
    check_for_root(tmp_path / "link")
    folder.parent.chmod(0o777)
    for path in (folder, tmp_path / "link", folder / "not" / "there"):
        with pytest.raises(UnreachableFolder, match=r"open can be changed by another user than root"):
            check_for_root(path)
    folder.parent.chmod(0o755)
    os.chown(folder, FORMER, FORMER)
    with pytest.raises(UnreachableFolder, match=r"data can be changed by another user than root"):
        check_for_root(folder)


@as_root
def test_the_indexes_of_before_go_to_the_new_user(tmp_path: Path) -> None:
    folder = tmp_path / "indices"
    file = folder / "nodes" / "0" / "segments"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    for path in (folder, folder / "nodes", file.parent, file):
        os.chown(path, FORMER, FORMER)
    give(folder, User(12345, 12345))
    assert {path.lstat().st_uid for path in (folder, folder / "nodes", file.parent, file)} == {12345}
    assert mode(folder) == 0o700
    give(folder, User(12345, 12345))


@as_root
@pytest.mark.parametrize("kind", ["link", "hard link", "another's", "pipe"])
def test_what_another_planted_there_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("root's")
    folder = tmp_path / "indices"
    folder.mkdir()
    os.chown(folder, FORMER, FORMER)
    planted = folder / "x"
    if kind == "link":
        planted.symlink_to(victim)
    elif kind == "hard link":
        os.link(victim, planted)
    elif kind == "pipe":
        os.mkfifo(planted)
    else:
        planted.write_text("root's")
    with pytest.raises(UnreachableFolder, match="remove it and start again"):
        adopt(folder, User(12345, 12345))
    assert victim.stat().st_uid == 0
    assert planted.lstat().st_uid == 0
    assert folder.stat().st_uid == 0  # closed to nobody from now on


@as_root
def test_a_folder_of_a_third_user_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "indices"
    folder.mkdir()
    os.chown(folder, 4711, 4711)
    with pytest.raises(UnreachableFolder, match="not a folder of the node's user"):
        give(folder, User(12345, 12345))
    assert folder.stat().st_uid == 4711
