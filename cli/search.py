"""``clipseek search``: by words, by a picture, or by both."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .answer import print_answer
from .opening import encoder_of_index, open_client
from .options import (
    DeviceOptions,
    device_options,
    html_option,
    index_option,
    json_option,
    model_option,
    url_option,
)
from .output import note
from .search_options import (
    FusionOptions,
    PageOptions,
    QueryOptions,
    fusion_options,
    page_options,
    query_options,
)


@click.command()
@click.argument("words", required=False, default="")
@query_options
@fusion_options
@page_options
@index_option
@url_option
@model_option
@device_options
@click.option("--explain", is_flag=True, help="Show how each hit's score adds up.")
@json_option
@html_option
def search(
    words: str,
    searched: QueryOptions,
    fused: FusionOptions,
    shown: PageOptions,
    index: str,
    url: str | None,
    model: Path | None,
    device: DeviceOptions,
    explain: bool,
    as_json: bool,
    sheet: Path | None,
) -> None:
    """Search an index by WORDS (- reads them from stdin), by pictures, or by both.

    Texts, pictures and ids take a weight after an @: --image a.jpg@2 --like cat-7@0.5.

    In a terminal the hits are a table: score, each clause's share of it, caption with the matched words marked, file. In a pipe
    they are lines of score, id, file and caption with tabs between.
    """
    fused.check()
    query, page = searched.query(sys.stdin.read() if words == "-" else words), shown.page()
    client = open_client(url, check=False)
    from clipseek.opensearch import Searcher

    searcher = Searcher.open(client, index, load_encoder=lambda version: encoder_of_index(model, version, device))
    answer = searcher.search(query, fused.fusion(searcher.default_fusion(query, page)), page)
    if sheet is not None:
        from clipseek.sheets.results import Section, write_sheet

        write_sheet(sheet, "clipseek search", [Section("Search", answer)])
        note(f"wrote {sheet}")
    print_answer(answer, as_json=as_json, explain=explain)
