"""``clipseek search``: by words, by a picture, or by both; by filters alone, the pictures of the index as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .opening import encoder_of_index, open_client
from .options.common import (
    DeviceOptions,
    device_options,
    html_option,
    index_option,
    json_option,
    model_option,
    url_option,
)
from .options.fusion import fusion_options
from .options.search import Listed, page_options, query_options
from .terminal.answer import print_answer
from .terminal.listing import print_listing
from .terminal.output import note

if TYPE_CHECKING:
    from clipseek.opensearch import Fusion, Page, Query
    from clipseek.opensearch.search.answer import Answer


@click.command()
@query_options
@fusion_options
@page_options
@index_option
@url_option
@model_option
@device_options
@click.option("--explain", is_flag=True, help="Show how each hit's score adds up.")
@click.option(
    "--full", is_flag=True, help="Show captions whole in the table, not the three lines around the matched words."
)
@json_option
@html_option
def search(
    query: Query | Listed,
    fuse: Callable[[Fusion], Fusion],
    page: Page,
    index: str,
    url: str | None,
    model: Path | None,
    device: DeviceOptions,
    explain: bool,
    full: bool,
    as_json: bool,
    sheet: Path | None,
) -> None:
    """Search an index by WORDS (- reads them from stdin), by pictures, or by both.

    Texts, pictures and ids take a weight after an @: --image a.jpg@2 --like cat-7@0.5.

    Without any of them, --filter, --near, --any, --sort or --facet list the pictures of the index, the newest first or by --sort.

    In a terminal the hits are a table: score, each clause's share of it, caption with the matched words marked, file. In a pipe
    they are lines of score, id, file and caption with tabs between.
    """
    client = open_client(url, check=False)
    from clipseek.opensearch import Searcher
    from clipseek.opensearch.search.browse import Listing

    searcher = Searcher.open(client, index, load_encoder=lambda version: encoder_of_index(model, version, device))
    found: Answer | Listing
    title = "Search"
    if isinstance(query, Listed):
        found = searcher.browse(page, filters=query.filters, any_filters=query.any_filters, time_zone=query.time_zone)
        title = ", ".join((*query.filters, *query.any_filters)) or "Pictures"
    else:
        found = searcher.search(query, fuse(searcher.default_fusion(query, page)), page)
    if sheet is not None:
        from clipseek.sheets.results import Section, write_sheet

        write_sheet(sheet, "clipseek search", [Section(title, found)])
        note(f"wrote {sheet}")
    if isinstance(found, Listing):
        print_listing(found, as_json=as_json, full=full)
    else:
        print_answer(found, as_json=as_json, explain=explain, full=full)
