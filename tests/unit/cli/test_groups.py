"""An unknown command names the nearest, in every group."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from clipseek.cli.groups import Group
from clipseek.cli.main import COMMANDS, root


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["serch"], 'No such command "serch". Did you mean "search"?'),
        (["node", "strat"], 'No such command "strat". Did you mean "start"?'),
        (["pipelines", "defualt"], 'No such command "defualt". Did you mean "default"?'),
        (["qqq"], 'No such command "qqq".\n'),
    ],
)
def test_an_unknown_command_names_the_nearest(given: list[str], words: str) -> None:
    result = CliRunner().invoke(root, given)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_group_names_the_nearest(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert not isinstance(command, click.Group) or isinstance(command, Group)
