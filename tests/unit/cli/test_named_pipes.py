"""A named pipe for every file and folder that a command takes: one line that says so, and nobody waits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from clipseek.cli.options.paths import FilePath
from clipseek.sources import Record, SourceError, read_source
from clipseek.sources.manifests import lines

from tests.commands import commands

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
PATHS = [
    (name, command, parameter)
    for name, command in commands()
    for parameter in command.params
    if isinstance(parameter.type, click.Path)
]
#: Tables of pairs, which may come through a pipe.
SOURCES = {"source", "against", "gate", "calibrate", "samples", "validation", "keep", "keep_validation"}


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize(
    ("command", "parameter"),
    [
        pytest.param(command, parameter, id=f"{name} {parameter.name}")
        for name, command, parameter in PATHS
        if parameter.name not in SOURCES
    ],
)
def test_it_is_refused(pipe: Path, command: click.Command, parameter: click.Parameter) -> None:
    assert isinstance(parameter.type, FilePath)
    others = [one for one in command.params if isinstance(one, click.Argument) and one is not parameter]
    line = [str(pipe)] if isinstance(parameter, click.Argument) else [parameter.opts[-1], str(pipe)]
    before = [value_of(one) for one in others if command.params.index(one) < command.params.index(parameter)]
    after = [value_of(one) for one in others if command.params.index(one) > command.params.index(parameter)]
    done = CliRunner().invoke(command, [*before, *line, *after])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert f"{pipe} is a named pipe, not a file" in done.output


def value_of(argument: click.Parameter) -> str:
    return str(argument.type.choices[0]) if isinstance(argument.type, click.Choice) else "1"


def test_what_the_shell_opened_is_taken() -> None:
    reading, writing = os.pipe()
    try:
        assert FilePath(exists=True).convert(f"/dev/fd/{reading}", None, None) == f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        os.close(writing)


def test_what_comes_slowly_through_the_shells_own_pipe_is_waited_for() -> None:
    code = "from clipseek.sources.manifests import lines; from pathlib import Path; lines.PIPE_SECONDS = 0.05; "
    code += "print(flush=True); print(list(lines.lines(Path('/dev/stdin'))))"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        time.sleep(0.3)
        said, _ = reader.communicate(b"late\n")
    assert (reader.returncode, said) == (0, b"[(1, 'late')]\n")


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "json", "parquet", "tar"])
def test_a_source_is_not_waited_for_for_ever(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "PIPE_SECONDS", 0.05)
    pipe = tmp_path / f"pairs.{ending}"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match=r"nothing came through this pipe|is a pipe"):
        list(read_source(pipe))


def test_a_source_through_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pairs.tsv"
    os.mkfifo(pipe)
    rows = "image\tcaption\n" + "".join(f"{number}.png\tcaption {number}\n" for number in range(20_000))
    writer = threading.Timer(0.2, pipe.write_text, (rows,))
    writer.start()
    assert sum(isinstance(entry, Record) for entry in read_source(pipe)) == 20_000
    writer.join()
