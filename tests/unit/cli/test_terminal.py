"""What captions, file names and servers write stays apart from what drives a terminal; in a pipe nothing is changed."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from clipseek.cli.classify import show
from clipseek.cli.terminal import output
from clipseek.cli.terminal.answer import CAPTION_LINES, print_answer
from clipseek.files.text import visible

from .terminal.test_answer import BOTH, answer

TITLE, CLEAR, TURNED, C1 = "\x1b]0;x\x07", "\x1b[2J", "\u202egpj.exe", "\x9b31m"
HOSTILE = f"a red {TITLE}{CLEAR}{TURNED}{C1}\x7f car"
DRIVING = ["\x1b", "\x07", "\x9b", "\x7f", "\u202e"]


def test_visible() -> None:
    assert visible(HOSTILE) == r"a red \x1b]0;x\x07\x1b[2J\u202egpj.exe\x9b31m\x7f car"
    assert visible("a\nb\tc\r") == "a\nb\tc\\r"
    assert visible("a\nb", one_line=True) == r"a\nb"
    assert visible("\ud800") == r"\ud800"
    for plain in ("", "naïve café", "名前", "👩\u200d🚒", "نمی\u200cخواهم", "שלום"):
        assert visible(plain) == plain


def in_a_terminal(words: Sequence[str]) -> tuple[str, int]:
    """What a terminal gets from ``clipseek WORDS``, and the exit code."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    command = [sys.executable, "-m", "clipseek.cli", *words]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        got = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while more := os.read(leader, 65536):
                got += more
        os.close(leader)
        return got.decode("utf-8", "replace"), process.wait()


def test_an_error_that_names_a_file(tmp_path: Path) -> None:
    got, code = in_a_terminal(["data", "check", str(tmp_path / HOSTILE)])
    assert code == 1
    assert "is not there" in got
    assert not [char for char in DRIVING if char in got]
    got, code = in_a_terminal(["index", "list", "--url", f"{HOSTILE}"])
    assert code in (1, 2)
    assert not [char for char in DRIVING if char in got]
    piped = subprocess.run(
        [sys.executable, "-m", "clipseek.cli", "data", "check", str(tmp_path / HOSTILE)],
        capture_output=True,
        check=False,
    )
    assert HOSTILE in piped.stderr.decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("terminal.output", "terminal.answer"):
        monkeypatch.setattr(f"clipseek.cli.{module}.is_terminal", lambda stream: True)


def test_a_pipe_gets_every_byte(capsys: pytest.CaptureFixture[str]) -> None:
    output.data(HOSTILE)
    output.note(HOSTILE)
    output.print_json({"caption": HOSTILE})
    out, err = capsys.readouterr()
    assert out.splitlines(keepends=True)[0] == f"{HOSTILE}\n"
    assert err == f"{HOSTILE}\n"
    assert json.loads(out.split("\n")[1]) == {"caption": HOSTILE}


def test_lines_with_tabs_are_rows_whatever_stands_in_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """An id, a file's name and a caption are a stranger's: none of them makes a row of its own, or drives a terminal later."""
    false = "1\tfile:///x\n0.9999\tb\tfile:///y\tfalse row\r"
    hit = replace(BOTH, id=f"a{false}{HOSTILE}", uri=f"file:///{false}{HOSTILE}", caption=f"{false}{HOSTILE}")
    print_answer(answer(hit), as_json=False, explain=False)
    out = capsys.readouterr().out
    (line,) = out.splitlines()
    assert line.count("\t") == 3
    assert line.split("\t")[1].startswith(r"a1\tfile:///x\n0.9999")
    assert not [char for char in (*DRIVING, "\r") if char in out]
    output.print_table(["caption"], [[false + HOSTILE]])
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert not [char for char in DRIVING if char in out]
    show([HOSTILE, "b\tc"], [(false + HOSTILE, {HOSTILE: 0.75, "b\tc": 0.25})])
    lines = capsys.readouterr().out.splitlines()
    assert [one.count("\t") for one in lines] == [3, 3]
    assert not [char for char in DRIVING if char in "".join(lines)]
    print_answer(answer(hit), as_json=True, explain=False)
    assert json.loads(capsys.readouterr().out)["hits"][0]["id"] == hit.id  # exactly, for programs


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_none(capsys: pytest.CaptureFixture[str]) -> None:
    output.data(HOSTILE)
    output.note(HOSTILE)
    output.print_table(["caption"], [[HOSTILE]])
    print_answer(answer(replace(BOTH, caption=HOSTILE, uri=f"file:///{HOSTILE}")), as_json=False, explain=True)
    out, err = capsys.readouterr()
    assert not [char for char in DRIVING if char in out + err]
    output.print_json({"caption": HOSTILE})
    print_answer(answer(replace(BOTH, caption=HOSTILE)), as_json=True, explain=False)
    out, _ = capsys.readouterr()
    assert not [char for char in DRIVING if char in out]
    texts = out.rsplit("\n{", 1)
    assert json.loads(texts[0]) == {"caption": HOSTILE}
    assert json.loads("{" + texts[1])["hits"][0]["caption"] == HOSTILE


@pytest.mark.usefixtures("terminal")
def test_a_cell_has_three_lines_around_the_marks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    words = " ".join(f"word{number}" for number in range(200))
    at = words.index("word150")
    marked = f"{words[:at]}\ue000word150\ue001{words[at + 7 :]}"
    hit = replace(BOTH, caption=words, marked=marked)
    assert hit.pieces()[1] == ("word150", True)
    print_answer(answer(hit), as_json=False, explain=False)
    short = capsys.readouterr().out
    assert "word150" in short
    assert "word20 " not in short
    assert short.count("…") == 2
    lines = [line for line in short.splitlines() if "word" in line]
    assert len(lines) == CAPTION_LINES
    print_answer(answer(hit), as_json=False, explain=False, full=True)
    whole = capsys.readouterr().out
    assert all(f"word{number}" in whole for number in range(200))
    print_answer(
        answer(replace(hit, caption="a red car", marked="a \ue000red\ue001 car")), as_json=False, explain=False
    )
    assert "…" not in capsys.readouterr().out
