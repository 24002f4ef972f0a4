from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.opensearch.node.errors import StartFailed
from clipseek.opensearch.node.process.memory import default_heap, megabytes, usable_memory

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "heap"), [(GIB, "1024m"), (6 * GIB, "1536m"), (24 * GIB, "6144m"), (256 * GIB, "16384m")]
)
def test_a_quarter_within_bounds(memory: int, heap: str) -> None:
    assert default_heap(memory) == heap


@pytest.mark.parametrize("wrong", ["", "1", "1t", "0g", "-1g", "1.5g", "1g "])
def test_what_is_no_size(wrong: str) -> None:
    with pytest.raises(StartFailed, match="is no size; write it like 512m or 2g"):
        megabytes(wrong)


def test_a_size() -> None:
    assert (megabytes("512m"), megabytes("2g")) == (512, 2048)


@pytest.mark.parametrize(
    ("group", "file"),
    [
        ("0::/a/b\n", "sys/fs/cgroup/a/memory.max"),
        ("0::/a/b\n", "sys/fs/cgroup/memory.max"),
        ("5:cpu:/x\n3:memory:/docker/1\n", "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes"),
        ("3:memory:/docker/1\n", "sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ],
)
def test_the_limit_of_a_control_group_and_of_those_above_it(tmp_path: Path, group: str, file: str) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(group)
    machine = usable_memory(tmp_path)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("max\n")
    assert usable_memory(tmp_path) == machine
    (tmp_path / file).write_text("1000000\n")
    assert usable_memory(tmp_path) == 1_000_000
