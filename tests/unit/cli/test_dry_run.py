from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from clipseek.cli.ingest import ingest

from tests.unit.cli.test_terminal import DRIVING, HOSTILE, in_a_terminal


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"x")
    (folder / "a.txt").write_text("one\ntwo\n\u200b")
    (folder / "lone.txt").write_text("lost\nlost too")
    for number in range(3):
        (folder / f"{number}.ogg").touch()
    (folder / "x.dat").touch()
    return folder


def test_what_would_happen(pictures: Path) -> None:
    nowhere = ("--url", "http://127.0.0.1:9", "--model", str(pictures / "no bundle"))
    done = CliRunner().invoke(ingest, [str(pictures), "--dry-run", *nowhere], catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        f"{pictures}: folder",
        "        8 entries",
        "        2 would be read   1 with 2 captions, 1 without; whether they can be decoded is not examined",
        "        6 skipped   1 caption that shows nothing, 1 caption without a picture, 4 not an image (3 .ogg, 1 .dat)",
    ]
    assert lines[-1] == "        3 captions lost   2 of caption without a picture, 1 of caption that shows nothing"
    assert "lone.txt" in lines[5]
    assert "nothing was encoded or written" in done.stderr


def test_for_machines_and_as_a_report(pictures: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    given = [str(pictures), "--dry-run", "--json", "--report", str(report)]
    done = CliRunner().invoke(ingest, given, catch_exceptions=False)
    facts = json.loads(done.stdout)
    assert (facts["recognised"], facts["entries"], facts["pictures"], facts["captions"]) == ("folder", 8, 2, 2)
    assert facts["captions_lost"] == {"caption without a picture": 2, "caption that shows nothing": 1}
    assert len(report.read_text().splitlines()) == len(facts["skips"]) == 6


def test_file_names_do_not_drive_a_terminal(pictures: Path) -> None:
    (pictures / f"{HOSTILE}\n.ogg").touch()
    got, code = in_a_terminal(["ingest", str(pictures), "--dry-run"])
    assert code == 0
    assert r"\x1b]0;x\x07" in got
    assert not [char for char in DRIVING if char in got]
    assert r"car\n.ogg" in got
