"""``clipseek demo`` without its minutes: which part of the demo an option starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from clipseek.cli.demo import demo

pytestmark = pytest.mark.train


def test_the_table_is_made_in_the_folder_and_by_the_seeds_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[object, ...]] = []

    def recipes_table(story: object, out: Path, seeds: int, on_event: object) -> str:
        called.append((out, seeds))
        return "the table"

    monkeypatch.setattr("clipseek.demo.trials.recipes_table", recipes_table)
    result = CliRunner().invoke(demo, ["--table", "--seeds", "3", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert called == [(tmp_path, 3)]
    assert result.stdout == "the table\n"
    assert str(tmp_path / "results.jsonl") in result.stderr
