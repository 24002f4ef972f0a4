"""``clipseek demo`` without its minutes: which part of the demo an option starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from clipseek.cli.demo import demo
from clipseek.demo.run import Outcome
from clipseek.web.process.options import Options
from clipseek.web.process.state import Service


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What the demo's minutes would leave behind."""
    made = Outcome("http://127.0.0.1:9", "icons", tmp_path / "bundle", "the scores", [], tmp_path / "results.html")
    monkeypatch.setenv("CLIPSEEK_DATA", str(tmp_path))
    monkeypatch.setattr("clipseek.demo.run.run", lambda *_, **__: made)
    return made


def test_a_page_is_started_and_its_address_printed(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Options] = []

    def start_background(options: Options) -> Service:
        started.append(options)
        return Service(1, "", 8642, "http://127.0.0.1:8642/", options.indexes, None, None, "now", options.name)

    monkeypatch.setattr("clipseek.web.process.background.start_background", start_background)
    result = CliRunner().invoke(demo, ["--no-train"])
    assert result.exit_code == 0, result.output
    (options,) = started
    assert (options.url, options.indexes, options.name, options.open) == (outcome.url, ("icons",), "demo", False)
    assert options.roots == (str(outcome.sheet.parent / "demo" / "pictures"),)
    assert "Search page: http://127.0.0.1:8642/" in result.stdout
    assert options.log_days == 30
    assert "searches, clicks and thumbs are logged for 30 days" in result.stdout
    assert "serve stop" in result.stdout
    assert "node stop" in result.stdout


def test_without_a_page_nothing_is_started(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipseek.web.process.background.start_background", None)
    result = CliRunner().invoke(demo, ["--no-train", "--no-serve"])
    assert result.exit_code == 0, result.output
    assert "Search page" not in result.stdout


@pytest.mark.train
def test_the_table_is_made_in_the_folder_and_by_the_seeds_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[object, ...]] = []

    def recipes_table(story: object, out: Path, seeds: int, seen: int | None, on_event: object) -> str:
        called.append((out, seeds, seen))
        return "the table"

    monkeypatch.setattr("clipseek.demo.trials.recipes_table", recipes_table)
    result = CliRunner().invoke(demo, ["--table", "--seeds", "3", "--pairs", "20000", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert called == [(tmp_path, 3, 20_000)]
    assert result.stdout == "the table\n"
    assert str(tmp_path / "results.jsonl") in result.stderr
