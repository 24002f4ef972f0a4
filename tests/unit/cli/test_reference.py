"""The command reference: complete, and refused where the README has no place for it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clipseek.cli.main import COMMANDS
from clipseek.cli.reference import commands_page, readme
from clipseek.cli.reference_layouts import ROWS, layouts_page
from clipseek.sources import LAYOUTS


def test_every_command_is_in_the_reference_with_its_options() -> None:
    page = commands_page()
    for name in COMMANDS:
        assert f"## clipseek {name}\n" in page
    assert "--text-weight" in page
    assert "## clipseek node start\n" in page


def test_the_files_in_the_repository_are_fresh() -> None:
    """In a process of its own: Click keeps each command's help option as its first context wanted it."""
    checked = subprocess.run(
        [sys.executable, "-m", "clipseek.cli.reference", "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_readme_without_the_block_is_refused() -> None:
    with pytest.raises(ValueError, match="has 0 blocks"):
        readme("# clipseek\n")


def test_every_layout_has_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    page = layouts_page("<!-- layouts, made by python -m clipseek.cli.reference -->\n<!-- end -->")
    assert [name for name in LAYOUTS if f"\n| `{name}` | " in page] == [name for name in LAYOUTS if name != "auto"]
    with pytest.raises(ValueError, match="0 blocks"):
        layouts_page("# Sources")
    monkeypatch.delitem(ROWS, "coco")
    with pytest.raises(ValueError, match="differ: coco"):
        layouts_page(page)
