"""``clipseek index``: every subcommand takes its index in two ways."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from clipseek.cli.index import index


@pytest.mark.parametrize("arguments", [["check"], ["advise"], ["delete", "--yes"]])
def test_an_index_is_an_argument_or_an_option(arguments: list[str]) -> None:
    both = CliRunner().invoke(index, [*arguments, "one", "--index", "other"])
    assert both.exit_code == 2
    assert "NAME is one and --index is other; name one index" in both.stderr
    for named in (["No Such"], ["--index", "No Such"], ["No Such", "--index", "No Such"]):
        done = CliRunner().invoke(index, [*arguments, *named, "--url", "http://127.0.0.1:1"])
        assert done.exit_code == 1
        assert done.exception is not None
        assert not isinstance(done.exception, SystemExit)  # past its options, to the server


def test_delete_names_no_index_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_INDEX", "mine")
    assert CliRunner().invoke(index, ["delete", "--yes"]).exit_code == 2
    unsure = CliRunner().invoke(index, ["delete", "mine"])
    assert unsure.exit_code == 2
    assert "deleting mine cannot be undone; confirm it with --yes" in unsure.stderr
