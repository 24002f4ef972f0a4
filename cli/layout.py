"""``--layout``: how a source of pairs is read, the same for every command that reads one."""

from __future__ import annotations

import click

layout_option = click.option(
    "--layout",
    type=click.Choice(
        ["auto", "folder", "tsv", "csv", "jsonl", "json", "parquet", "webdataset", "imageclef", "roco", "hub"]
    ),
    metavar="NAME",
    default="auto",
    show_default=True,
    help="folder, tsv, csv, jsonl, json (RSICD, UCM), parquet, webdataset (tar shards), imageclef, roco or hub "
    "(hub:owner/name); auto goes by what SOURCE is and how it is named.",
)
