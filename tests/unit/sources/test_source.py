"""A source that is read several times, and a pipe that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.sources import MissingColumn, Record, Source, SourceNotFound


def manifest(folder: Path, rows: int, head: str = "image\tcaption") -> Path:
    path = folder / "pairs.tsv"
    path.write_text("\n".join([head, *(f"{row}.png\t{row}" for row in range(rows))]) + "\n", "utf-8")
    return path


def test_it_reads_from_the_beginning_every_time(tmp_path: Path) -> None:
    source = Source(manifest(tmp_path, 3))
    assert source.repeatable
    assert [entry.captions for entry in source if isinstance(entry, Record)] == [("0",), ("1",), ("2",)]
    assert len(list(source)) == len(list(source.records())) == 3
    source.check()


def test_counting_gives_up(tmp_path: Path) -> None:
    source = Source(manifest(tmp_path, 2500))
    assert source.count(seconds=600.0) == 2500
    assert source.count(seconds=-1.0) is None
    assert Source(manifest(tmp_path, 500)).count(seconds=-1.0) == 500


def test_a_broken_source_has_no_count_and_fails_its_check(tmp_path: Path) -> None:
    source = Source(manifest(tmp_path, 3), image_column="file")
    assert source.count() is None
    with pytest.raises(MissingColumn):
        source.check()
    with pytest.raises(SourceNotFound):
        Source(tmp_path / "nowhere.tsv").check()


def test_a_pipe_is_neither_counted_nor_begun(tmp_path: Path) -> None:
    pipe = tmp_path / "pairs.tsv"
    os.mkfifo(pipe)
    source = Source(pipe)
    assert not source.repeatable
    assert source.count() is None
    source.check()
