"""Whose the node's folders are, and what is never touched."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from clipseek.opensearch.node.errors import UnreachableFolder
from clipseek.opensearch.node.folders import (
    check_for_root,
    make_folder,
    make_node_folder,
    open_private,
    remove_node,
    write_private,
)
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process.user import FORMER, User, adopt, give
from clipseek.opensearch.node.service import reset, stop

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
