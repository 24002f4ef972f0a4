"""``clipseek ingest``: pictures, encoded, into an index."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .opening import open_client, open_encoder
from .options import DeviceOptions, ReadOptions, device_options, index_option, json_option, picture_options, url_option
from .output import count, data, duration, note, print_json
from .progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.opensearch.ingest.run import Event, IngestReport
    from clipseek.sources import Skipped

#: Skipped files listed at the end, and in ``--json``; ``--report`` lists all.
LISTED, LISTED_JSON = 20, 1000
#: A source that takes longer to count is read without a total.
COUNTING_SECONDS = 2.0


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--model", envvar="CLIPSEEK_MODEL", type=click.Path(path_type=Path), metavar="BUNDLE", help="Bundle folder."
)
@index_option
@url_option
@picture_options
@click.option("--keyword", "keywords", multiple=True, metavar="NAME", help="Column to filter by, as it is. Repeatable.")
@click.option(
    "--number", "numbers", multiple=True, metavar="NAME", help="Column to filter by, as a number. Repeatable."
)
@click.option("--date", "dates", multiple=True, metavar="NAME", help="Column to filter by, as a date. Repeatable.")
@click.option(
    "--engine",
    type=click.Choice(["lucene", "faiss"]),
    default="lucene",
    show_default=True,
    help="Of a new index. faiss needs an official OpenSearch distribution.",
)
@click.option(
    "--preset",
    default="default",
    show_default=True,
    metavar="default|talk|M,EF[,SIZE]",
    help="Of a new index's graph: m 16 and ef_construction 128, the talk's 32 and 500, or what index advise prints; "
    "vectors in memory as bytes (lucene 4x), 16-bit floats (faiss 2x) or bits (faiss 8x to 32x, whole on disk).",
)
@click.option("--analyzer", default="english", show_default=True, help="Of a new index's captions.")
@click.option(
    "--synonyms",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Of a new index: words that find each other in captions, a rule a line: car, automobile or tv => television.",
)
@click.option(
    "--batch-size", type=click.IntRange(1, 4096), default=32, show_default=True, help="Pictures encoded together."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Threads that read and decode.  [default: processors, up to 8]"
)
@device_options
@click.option(
    "--fast-jpeg",
    is_flag=True,
    help="Decode large JPEGs at a fraction of their size, if vectors of this source prove nearly the same (cosine 0.995).",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, min_open=True),
    help="Larger pictures are skipped.  [default: 178]",
)
@click.option(
    "--max-megabytes",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    help="Larger files are skipped.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every skipped file and its reason, as JSON lines.",
)
@json_option
@click.pass_context
def ingest(context: click.Context, /, reading: ReadOptions, device: DeviceOptions, **given: Any) -> None:
    """Encode the pictures of SOURCE and put them into an index.

    SOURCE is a folder of pictures (the captions of a.jpg in a.txt, a.caption or a.json beside it), or a manifest:
    TSV, CSV or JSON lines with the columns image and caption; further columns are kept. The index is made if it is
    missing. What is in it already is not encoded again, so the same command goes on after an interruption. Files that
    cannot be used are listed at the end.
    """
    from clipseek.opensearch.index import versions
    from clipseek.opensearch.index.mapping import IndexOptions, read_preset
    from clipseek.opensearch.index.synonyms import read_synonyms
    from clipseek.opensearch.ingest.run import IngestOptions
    from clipseek.opensearch.ingest.run import ingest as run
    from clipseek.sources import read_source

    read = dataclasses.asdict(reading)
    entries = read_source(given["source"], **read)
    m, ef_construction, compression = read_preset(given["preset"])
    fields = declared(given["keywords"], given["numbers"], given["dates"])
    index_options = IndexOptions(
        engine=given["engine"],
        m=m,
        ef_construction=ef_construction,
        compression=compression,
        analyzer=given["analyzer"],
        fields=fields,
        synonyms=read_synonyms(given["synonyms"]) if given["synonyms"] else (),
    )
    client = open_client(given["url"])
    version = versions.find(client, given["index"])
    if version is not None:
        refuse_other_options(context, version, index_options.synonyms)
    encoder = chosen_encoder(given, device, version)
    total = counted(read_source(given["source"], **read)) if readable_twice(given["source"]) else None
    if given["fast_jpeg"]:
        if not readable_twice(given["source"]):
            raise click.UsageError(
                "--fast-jpeg measures on the source's first pictures; give one that can be read twice"
            )
        from .fast_jpeg import choose_decoding

        choose_decoding(encoder, read_source(given["source"], **read))
    with Listener(given["report"], total) as listener:
        report = run(
            client,
            given["index"],
            encoder,
            entries,
            index_options=index_options,
            options=IngestOptions(
                batch_size=given["batch_size"], workers=given["workers"], max_file_megabytes=given["max_megabytes"]
            ),
            bundle=os.path.abspath(encoder.bundle.path),
            on_event=listener,
        )
    if given["as_json"]:
        print_json(as_object(report, listener))
    else:
        print_summary(report, listener, given["source"])
    if report.rejected:
        context.exit(1)


def declared(keywords: Iterable[str], numbers: Iterable[str], dates: Iterable[str]) -> dict[str, Any]:
    """Column to type, for the columns declared by the three options; a column declared as two types is a usage error."""
    fields: dict[str, Any] = {}
    for kind, names in (("keyword", keywords), ("number", numbers), ("date", dates)):
        for name in names:
            if fields.setdefault(name, kind) != kind:
                raise click.UsageError(f"column {name!r} is declared as {fields[name]} and as {kind}; choose one")
    return fields


def refuse_other_options(context: click.Context, version: Any, synonyms: Sequence[str] = ()) -> None:
    """An option of a new index, given by name for one that is there and differs, would be ignored: say so instead."""
    here = {"engine": version.engine, "analyzer": version.analyzer, "preset": version.preset}
    for name, value in here.items():
        given = context.params[name]
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE and given != value:
            raise click.UsageError(
                f"index {version.alias} was made with {name} {value}, and keeps it; leave --{name} out, or ingest "
                "into another index with --index NAME"
            )
    from clipseek.opensearch.index.synonyms import digest

    if synonyms and digest(synonyms) != version.synonyms:
        raise click.UsageError(
            f"index {version.alias} was made with {'other' if version.synonyms else 'no'} synonyms, and keeps them; leave "
            "--synonyms out, or ingest into another index with --index NAME"
        )


def chosen_encoder(given: dict[str, Any], device: DeviceOptions, version: Any) -> Any:
    """The encoder of --model, else of the bundle that the index remembers."""
    from clipseek.encoder import Bundle

    folder = given["model"] or (version.bundle if version is not None else None)
    if folder is None:
        raise click.UsageError(
            "say which model encodes: --model BUNDLE (or CLIPSEEK_MODEL); make one with: clipseek export-onnx "
            "CHECKPOINT BUNDLE"
        )
    return open_encoder(
        Bundle.load(Path(folder), verify=True),
        device,
        batch_size=given["batch_size"],
        max_megapixels=given["max_megapixels"],
        max_megabytes=given["max_megabytes"],
    )


def counted(entries: Iterable[object]) -> int | None:
    """How many there are, or ``None`` where counting takes longer than it is worth or stumbles over a broken line."""
    until = time.monotonic() + COUNTING_SECONDS
    number = 0
    try:
        for number, _ in enumerate(entries, 1):
            if number % 1000 == 0 and time.monotonic() > until:
                return None
    except Exception:
        # Whatever it is, the run itself meets it again, and says so.
        return None
    return number


def readable_twice(source: Path) -> bool:
    """False for a pipe, like the shell's ``<(command)``: counting would take what the run is to read."""
    return source.is_file() or source.is_dir()


class Listener:
    """Draws the progress, keeps the first skipped files, and writes all of them to the report."""

    def __init__(self, report: Path | None, total: int | None) -> None:
        self.skips: list[Skipped] = []
        self._path, self._total = report, total

    def __enter__(self) -> Listener:
        try:
            self._file = self._path.open("w", encoding="utf-8") if self._path else None
        except OSError as problem:
            raise click.FileError(str(self._path), hint=problem.strerror) from None
        self._line = ProgressLine("ingest", self._total)
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()
        if self._file:
            self._file.close()

    def __call__(self, event: Event) -> None:
        from clipseek.sources import Skipped

        if isinstance(event, Skipped):
            if len(self.skips) < LISTED_JSON:
                self.skips.append(event)
            if self._file:
                self._file.write(json.dumps(as_skip(event), ensure_ascii=False) + "\n")
            return
        parts = [f"{event.encoded / event.seconds:.1f} pictures/s" if event.encoded and event.seconds else ""]
        for number, word in ((event.unchanged, "unchanged"), (event.updated, "updated"), (event.skipped, "skipped")):
            parts.append(f"{number:,} {word}" if number else "")
        self._line.update(event.seen, ", ".join(part for part in parts if part))


def as_skip(skip: Skipped) -> dict[str, str]:
    """One line of the report."""
    from clipseek.sources import shown

    return {"file": shown(skip.path), "kind": skip.kind, "reason": skip.reason}


def as_object(report: IngestReport, listener: Listener) -> dict[str, Any]:
    """The summary for machines."""
    facts = {name: getattr(report, name) for name in report.__dataclass_fields__}
    rate = report.indexed / report.seconds if report.seconds else 0.0
    return {
        **facts,
        "skipped": dict(report.skipped),
        "malformed": dict(report.malformed),
        "seconds": round(report.seconds, 3),
        "encode_seconds": round(report.encode_seconds, 3),
        "pictures_per_second": round(rate, 2),
        "skips": [as_skip(skip) for skip in listener.skips],
    }


def print_summary(report: IngestReport, listener: Listener, source: Path) -> None:
    """The summary for people."""
    from clipseek.sources import shown

    if report.index is None:
        note(f"{shown(source)} holds no picture; nothing was written")
    else:
        data(f"index {report.alias} ({report.index}{', new' if report.created else ''}), {duration(report.seconds)}")
        rate = f"{report.indexed / report.seconds:.1f} pictures/s" if report.indexed and report.seconds else ""
        for number, word, remark in (
            (report.indexed, "indexed", rate),
            (report.updated, "updated", "caption, place or metadata changed; not encoded again"),
            (report.unchanged, "unchanged", "not encoded again"),
        ):
            if number or word == "indexed":
                data(f"{number:>9,} {word:<9} {remark}".rstrip())
    skipped = sum(report.skipped.values()) + report.rejected
    if skipped:
        kinds = [*report.skipped.items(), *([("refused by the server", report.rejected)] if report.rejected else [])]
        data(f"{skipped:>9,} {'skipped':<9} {', '.join(f'{number:,} {kind}' for kind, number in kinds)}")
        for skip in listener.skips[:LISTED]:
            data(
                f"          {shown(skip.path)}: {skip.reason}"
                if skip.reason != skip.kind
                else f"          {shown(skip.path)}"
            )
        if skipped > LISTED:
            data(f"          and {skipped - LISTED:,} more; --report FILE lists them all")
    for name, number in report.malformed.items():
        note(f"{count(number, 'value')} of {name} are not of its type: kept and shown, but not found by a filter")
    if report.undeclared:
        names = ", ".join(report.undeclared[:12]) + (", ..." if len(report.undeclared) > 12 else "")
        note(f"kept, but not to filter by: {names}; declare columns with --keyword, --number or --date NAME")
