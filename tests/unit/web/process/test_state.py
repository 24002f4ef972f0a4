"""The word that a service leaves: read by its user alone, believed only while that very process runs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from clipseek.files.processes import identity
from clipseek.web.process.options import Options
from clipseek.web.process.state import Service, running

from tests.leftovers import dead_pid


def service(pid: int, port: int = 8642, token_file: str | None = None) -> Service:
    return Service(pid, identity(pid) or "gone", port, f"http://127.0.0.1:{port}/", ("icons",), token_file, None, "now")


def test_a_living_service_is_found_and_one_that_is_gone_cleared_away(tmp_path: Path) -> None:
    alive, dead = service(os.getpid()), service(dead_pid(), 8643)
    for one in (alive, dead):
        one.write(tmp_path)
        (tmp_path / f"{one.port}.token").write_text("secret")
    assert running(tmp_path) == [alive]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["8642.json", "8642.token"]


def test_another_process_with_its_number_is_not_it(tmp_path: Path) -> None:
    Service(os.getpid(), "of another start", 8642, "http://127.0.0.1:8642/", (), None, None, "now").write(tmp_path)
    assert running(tmp_path) == []


def test_a_service_of_another_container_is_left_alone(tmp_path: Path) -> None:
    """Its process has no number here; whether it lives is not known from here."""
    own = identity(os.getpid()) or ""
    word = f"{own.rpartition(':')[0]}:4026539999"
    for pid, port in ((dead_pid(), 8642), (os.getpid(), 8643)):
        Service(pid, word, port, f"http://127.0.0.1:{port}/", (), None, None, "now").write(tmp_path)
    assert running(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_only_its_user_reads_it_and_the_token_stands_in_its_file_alone(tmp_path: Path) -> None:
    token = tmp_path / "8642.token"
    token.write_text("a-token-of-this-test\n")
    one = service(os.getpid(), token_file=str(token))
    one.write(tmp_path)
    written = tmp_path / "8642.json"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert "a-token-of-this-test" not in written.read_text()
    assert one.entrance() == "http://127.0.0.1:8642/?token=a-token-of-this-test"


def test_files_that_are_no_word_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    (tmp_path / "2.json").write_text('{"pid": 1}')
    assert running(tmp_path) == []


def test_options_reach_another_process_whole() -> None:
    options = Options("http://127.0.0.1:9", ("a", "b"), roots=("/x",), port=1, hosts=("n",), open=True, folder="/f")
    assert Options.from_json(options.to_json()) == options
