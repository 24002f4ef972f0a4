"""Shared options: as one value, as an index by two ways, and of the layouts that there are."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from clipseek.cli import options
from clipseek.sources import LAYOUTS


def test_the_options_know_every_layout() -> None:
    assert options.LAYOUTS == LAYOUTS


def test_options_that_belong_together_are_one_value() -> None:
    @click.command()
    @options.pair_options
    @options.device_options
    def command(reading: options.ReadOptions, device: options.DeviceOptions) -> None:
        print(reading.layout, reading.image_column, reading.group_column, device.device, device.device_megabytes)

    given = ["--layout", "tsv", "--image-column", "file", "--device", "cpu", "--device-megabytes", "100"]
    assert CliRunner().invoke(command, given).stdout == "tsv file group cpu 100\n"
    assert CliRunner().invoke(command, []).stdout == "auto image group auto None\n"


@pytest.mark.parametrize(
    ("given", "named"),
    [([], "clipseek"), (["mine"], "mine"), (["--index", "mine"], "mine"), (["mine", "--index", "mine"], "mine")],
)
def test_an_index_is_named_in_two_ways(given: list[str], named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIPSEEK_INDEX", raising=False)

    @click.command()
    @options.index_or_name()
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
    @options.index_or_name(required=True)
    def command(index: str) -> None:
        print(index)

    refused = CliRunner().invoke(command, [], env={"CLIPSEEK_INDEX": "its"})
    assert (refused.exit_code, "no index was named" in refused.stderr) == (2, True)
    assert CliRunner().invoke(command, ["--index", "mine"]).stdout == "mine\n"
