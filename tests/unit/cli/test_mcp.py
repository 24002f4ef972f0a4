"""``clipseek mcp`` without its extra."""

from __future__ import annotations

import importlib.util

import pytest
from click.testing import CliRunner
from clipseek.cli.mcp import mcp


def test_a_plain_install_says_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mcp" else found(name))
    done = CliRunner().invoke(mcp, ["--index", "icons"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: the server for agents needs mcp; try: pip install 'clipseek[mcp]'\n"
