"""Options that reach a command as one value: an index by two ways."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from clipseek.cli.options.gathering import index_or_name


@pytest.mark.parametrize(
    ("given", "named"),
    [([], "clipseek"), (["mine"], "mine"), (["--index", "mine"], "mine"), (["mine", "--index", "mine"], "mine")],
)
def test_an_index_is_named_in_two_ways(given: list[str], named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIPSEEK_INDEX", raising=False)

    @click.command()
    @index_or_name()
    def command(index: str) -> None:
        print(index)

    assert CliRunner().invoke(command, given).stdout == f"{named}\n"
    if not given:
        assert CliRunner().invoke(command, [], env={"CLIPSEEK_INDEX": "its"}).stdout == "its\n"
    if given == ["mine"]:
        assert CliRunner().invoke(command, given, env={"CLIPSEEK_INDEX": "its"}).stdout == "mine\n"
        assert CliRunner().invoke(command, ["mine", "--index", "other"]).exit_code == 2


def test_what_cannot_be_undone_needs_a_name() -> None:
    @click.command()
    @index_or_name(required=True)
    def command(index: str) -> None:
        print(index)

    refused = CliRunner().invoke(command, [], env={"CLIPSEEK_INDEX": "its"})
    assert (refused.exit_code, "no index was named" in refused.stderr) == (2, True)
    assert CliRunner().invoke(command, ["--index", "mine"]).stdout == "mine\n"
