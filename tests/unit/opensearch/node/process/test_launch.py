"""What the node's Java gets, and a Java that its user can run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clipseek.opensearch.node.errors import JavaMissing
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process.java import Java, find_java, java_for
from clipseek.opensearch.node.process.launch import _arguments, _process, shown
from clipseek.opensearch.node.process.user import User

#: As node start does it, with a program that is no Java.
_STARTS = """
import sys
from pathlib import Path
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.process import launch
from clipseek.opensearch.node.process.java import Java

launch.node_user = lambda on_progress: None
folder = Path(sys.argv[1])
state = launch.launch(NodePaths(folder, folder), folder, Java(Path("/bin/true"), 21, False), launch.Wanted(closed=False), print)
assert state.pid
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_a_short_list_of_variables_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = NodePaths(tmp_path, tmp_path)
    paths.scratch.mkdir(parents=True)
    monkeypatch.setenv("HUB_TOKEN", "secret")
    monkeypatch.setenv("_JAVA_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("TZ", "UTC")
    process = _process(paths, ["/bin/sh", "-c", "env; umask"], None)
    process.wait(10)
    lines = paths.started.read_text().splitlines()
    assert {line.partition("=")[0] for line in lines[:-1]} <= {
        "HOME",
        "TZ",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    }
    assert f"HOME={paths.scratch}" in lines
    assert lines[-1] == "0077"
    assert paths.started.stat().st_mode & 0o777 == 0o600


def test_whoever_started_a_node_ends_without_a_word_about_it(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", _STARTS, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_node_out_of_memory_ends_and_a_large_heap_gets_another_collector(tmp_path: Path) -> None:
    paths, java = NodePaths(tmp_path, tmp_path), Java(Path("java"), 21, False)
    small, large = (_arguments(paths, tmp_path, java, heap) for heap in ("512m", "6g"))
    assert "-XX:+ExitOnOutOfMemoryError" in small
    assert {"-Xms512m", "-Xmx512m", "-XX:+UseSerialGC"} <= set(small)
    assert {"-Xms1024m", "-Xmx6144m", "-XX:+UseG1GC"} <= set(large)
    assert (shown("512m"), shown("6g")) == ("512 MiB", "6.0 GiB")


@as_root
def test_java_in_a_closed_folder_is_copied_once_for_the_nodes_user(tmp_path: Path) -> None:
    found = find_java()
    runtime = Path(os.path.realpath(found.path)).parents[1]
    closed = tmp_path / "root"
    closed.mkdir(0o700)
    shutil.copytree(runtime, closed / "java", symlinks=False, ignore_dangling_symlinks=True)
    open_folder = Path("/var/tmp") / f"clipseek-java-{os.getpid()}"
    open_folder.mkdir(0o755)
    said: list[str] = []
    try:
        java = Java(closed / "java" / "bin" / "java", found.version, found.vectors)
        copy = java_for(java, User(12345, 12345), open_folder, said.append)
        assert copy.path.is_relative_to(open_folder)
        assert java_for(java, User(12345, 12345), open_folder, said.append) == copy
        assert len(said) == 1
        assert java_for(copy, User(12345, 12345), open_folder, said.append) is copy
        with pytest.raises(JavaMissing, match="can run neither"):
            java_for(java, User(12345, 12345), closed / "cache", said.append)
    finally:
        shutil.rmtree(open_folder)
