"""Shared options: as one value, and of the layouts that there are."""

from __future__ import annotations

import click
from click.testing import CliRunner
from clipseek.cli.options import choices, common
from clipseek.sources import CAPTIONS_FROM, LAYOUTS, Source


def test_the_options_know_every_layout() -> None:
    assert choices.LAYOUTS == LAYOUTS
    assert choices.CAPTIONS_FROM == CAPTIONS_FROM


def test_options_that_belong_together_are_one_value() -> None:
    @click.command()
    @common.pair_options
    @common.device_options
    def command(source: Source, device: common.DeviceOptions) -> None:
        print(source.layout, source.image_column, source.group_column, device.device, device.device_megabytes)

    given = ["x.tsv", "--layout", "tsv", "--image-column", "file", "--device", "cpu", "--device-megabytes", "100"]
    assert CliRunner().invoke(command, given).stdout == "tsv file group cpu 100\n"
    assert CliRunner().invoke(command, ["x.tsv"]).stdout == "auto image group auto None\n"
