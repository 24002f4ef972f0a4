"""What holds for every command: none imports another, parameters are typed, every option says what it does."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import click
import pytest
from clipseek.cli import main

from tests.commands import commands

HERE = Path(main.__file__).parent
MODULES = {name.replace("-", "_") for name in main.COMMANDS}
#: Subcommands in files of their own, by the group that holds them.
INSIDE = {"index": {"index_advise", "index_evaluate"}}


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.stem)
def test_no_command_is_imported_by_another_file(path: Path) -> None:
    every = MODULES.union(*INSIDE.values()) - INSIDE.get(path.stem, set())
    named = {
        name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
        for name in ([node.module] if node.module else [alias.name for alias in node.names])
    }
    assert not named & every


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_command_has_typed_parameters_and_helps(name: str, command: click.Command) -> None:
    assert command.get_short_help_str()
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    if command.callback is not None:
        kinds = {parameter.kind for parameter in inspect.signature(command.callback).parameters.values()}
        assert inspect.Parameter.VAR_KEYWORD not in kinds, f"{name} takes **options"


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_json_is_helped_alike_everywhere(name: str, command: click.Command) -> None:
    assert {
        option.help for option in command.params if isinstance(option, click.Option) and option.name == "as_json"
    } <= {"Print JSON."}
