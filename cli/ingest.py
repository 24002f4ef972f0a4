"""``clipseek ingest``: pictures, encoded, into an index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .ingest_again import send_again
from .ingest_bringing import Bringing, first_looked_at, options_of, refuse_own_file
from .ingest_dry_run import dry_prune, dry_run
from .opening import encoder_of_index, open_client
from .options.common import (
    DeviceOptions,
    device_options,
    index_option,
    json_option,
    model_option,
    picture_options,
    url_option,
)
from .options.ingest.new_index import new_index_options, refuse_other_options, refuse_role_columns
from .options.ingest.ocr import Ocr, ocr_options, open_reader
from .options.ingest.parting import parting_options
from .options.ingest.run import RunOptions, run_options
from .terminal.ingest_report import print_older

if TYPE_CHECKING:
    from clipseek.encoder.pictures.parts import Parting
    from clipseek.opensearch.index.mapping import IndexOptions
    from clipseek.sources import Source


@click.command()
@picture_options
@model_option
@index_option
@url_option
@new_index_options
@click.option(
    "--date-format",
    "date_formats",
    multiple=True,
    metavar="FORMAT",
    help="How SOURCE writes dates, where not the year first: day-first (31.05.2024), month-first (05/31/2024), epoch-seconds, "
    "epoch-milliseconds, or a pattern like %d.%m.%y. Repeatable.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 4096),
    default=32,
    show_default=True,
    help="Pictures per batch of the encoder.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Threads that read and decode.  [default: processors, up to 32]"
)
@device_options
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, min_open=True),
    help="Skip pictures with more megapixels.  [default: 178]",
)
@click.option("--max-megabytes", type=click.IntRange(1), default=256, show_default=True, help="Skip larger files.")
@run_options
@parting_options
@click.option(
    "--place",
    is_flag=True,
    help="Keep where pictures were taken too, as their files say it: the fields place, city and country.",
)
@click.option(
    "--dry-run",
    "is_dry",
    is_flag=True,
    help="End after saying what SOURCE was recognised as, and what would be read, left out and lost, "
    "and with --prune removed. Needs no model, and a server for --prune alone.",
)
@ocr_options
@json_option
@click.pass_context
def ingest(
    context: click.Context,
    source: Source | None,
    model: Path | None,
    index: str,
    url: str | None,
    index_options: IndexOptions,
    date_formats: tuple[str, ...],
    batch_size: int,
    workers: int | None,
    device: DeviceOptions,
    max_megapixels: float | None,
    max_megabytes: int,
    run: RunOptions,
    parting: Parting | None,
    place: bool,
    ocr: Ocr,
    is_dry: bool,
    as_json: bool,
) -> None:
    """Encode the pictures of SOURCE and put them into an index.

    SOURCE is a folder of pictures (the captions of a.jpg in a.txt, a.caption or a.json beside it, else in the picture itself), or
    a manifest: TSV, CSV or JSON lines with the columns image and caption; further columns are kept. Keywords, time and camera
    that the pictures' files name become the fields keywords, taken and camera. The index is created if it is missing. Pictures
    that it has already are not encoded again, so the same command continues after an interruption. A file that changed replaces
    its document. Entries that cannot be used are listed at the end, and the last line says how many were left out: exit code 0,
    with --strict 1.
    """
    if run.retry is not None:
        send_again(context, run.retry, index, url, as_json)
        return
    if source is None:
        raise click.UsageError("missing SOURCE: a folder, a manifest, or - for paths on stdin")
    refuse_own_file(source, run)
    refuse_role_columns(source, index_options)
    source = replace(source, own_fields=source.captions != "none", place=place)
    if is_dry:
        pruned = (
            dry_prune(source, options_of(source, run, date_formats=date_formats), index, url) if run.prune else None
        )
        dry_run(source, run.report, pruned, parting, as_json=as_json)
        return
    batches = {"batch_size": batch_size, "workers": workers, "max_file_megabytes": max_megabytes, "parting": parting}
    options = options_of(source, run, date_formats=date_formats, **batches)
    chosen = source.unread().chosen()  # a source that is not there is reported first
    source.check_splits()  # and so is a split, before an index is made
    entries = iter(chosen)
    client = open_client(url)
    from clipseek.opensearch.index import versions

    version = versions.find(client, index)
    if version is not None:
        refuse_other_options(version, index_options)
    entries, index_options = first_looked_at(entries, source, version, index_options)
    limits = {"batch_size": batch_size, "max_megapixels": max_megapixels, "max_megabytes": max_megabytes}
    encoder = encoder_of_index(model, version, device, verify=True, **limits)
    encoder.decode_in_processes()
    options = replace(options, reader=open_reader(ocr, encoder, max_megapixels, max_megabytes))
    bring = Bringing(client, index, encoder, source, index_options, options, run, as_json)
    left_out = bring.once(chosen, entries)
    if version is not None:
        print_older(version, source.path, encoder.bundle.path)
    if run.watch is not None:
        bring.watch(run.watch)
    if run.strict and left_out:
        context.exit(1)
