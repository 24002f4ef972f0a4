"""One run of ``clipseek ingest`` after another, each with its summary."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options.ingest.run import RunOptions
from .terminal.ingest_listener import Listener
from .terminal.ingest_report import as_object, print_left_out, print_summary
from .terminal.output import data, duration, note, print_json
from .terminal.skips import LISTED, PASSED_OVER, with_reason

if TYPE_CHECKING:
    from clipseek.encoder import ClipEncoder
    from clipseek.opensearch.index.mapping import IndexOptions
    from clipseek.opensearch.index.version import Version
    from clipseek.opensearch.ingest.options import IngestOptions
    from clipseek.opensearch.ingest.report import IngestReport
    from clipseek.sources import Chosen, Record, Skipped, Source


def source_name(source: Source) -> str:
    """The name by which documents remember their source: its address, the same whatever folder the command runs in."""
    from clipseek.sources.data_sets.hub import is_hub

    text = str(source.path)
    if is_hub(source.path):
        return ":".join(text.split(":")[:2])
    if not source.repeatable:
        return Path(os.path.abspath(text)).as_uri() if "{" in text else ""
    return Path(os.path.abspath(source.path)).as_uri()


def options_of(source: Source, run: RunOptions, **more: Any) -> IngestOptions:
    """The library's options. Raises UsageError where ``--prune`` cannot know what the source has."""
    from clipseek.opensearch.ingest.options import IngestOptions
    from clipseek.sources.data_sets.hub import is_hub

    if run.prune and (source.splits.names or not (source.repeatable or is_hub(source.path))):
        raise click.UsageError("--prune needs the whole of SOURCE: leave --split out, and give no pipe")
    return IngestOptions(
        source=source_name(source),
        checksum=run.checksum,
        strict=run.strict,
        prune=run.prune,
        protected=left_out_by_user(source),
        expunge=run.expunge,
        own_fields=source.own_fields,
        describe=source.own_words,
        rejected=run.rejected,
        **more,
    )


def left_out_by_user(source: Source) -> Any:
    """Whether the file of an ``image_uri`` is one that --exclude or --include leaves out: it is in the source all the same."""
    from clipseek.opensearch.index.image_uri import image_place
    from clipseek.sources.folders.selection import Selection, below

    selection = Selection(source.exclude, source.include)
    folder = Path(os.path.abspath(source.path))

    def protected(uri: str) -> bool:
        place = image_place(uri)
        return bool(selection) and place is not None and selection.left_out(below(place.file, folder)) is not None

    return protected


def refuse_own_file(source: Source, run: RunOptions) -> None:
    """Raise UsageError where a file to be written is the source itself."""
    for name, path in (("--report", run.report), ("--rejected", run.rejected)):
        if path is not None and path.is_file() and source.path.is_file() and os.path.samefile(path, source.path):
            raise click.UsageError(f"{name} {path} is SOURCE itself; name another file")


def first_looked_at(
    entries: Iterator[Record | Skipped], source: Source, version: Version | None, wanted: IndexOptions
) -> tuple[Iterator[Record | Skipped], IndexOptions]:
    """``entries``, and what the first of them want of an index: advice on its analyzer, and the fields that their files fill in."""
    from clipseek.opensearch.index.words.scripts import advice, looked_at
    from clipseek.opensearch.ingest.own_fields import own_fields
    from clipseek.sources import Record

    records, entries = looked_at(entries)
    first = [entry for entry in source.own_words.of(iter(records)) if isinstance(entry, Record)]
    if version is None and (line := advice((text for record in first for text in record.captions), wanted.analyzer)):
        note(line)
    declared = {**wanted.fields, **(version.fields if version is not None else {})}
    if source.place and "place" not in declared:
        wanted = replace(wanted, fields={**wanted.fields, "place": "place"})
    if source.own_fields:
        wanted = replace(wanted, fields={**wanted.fields, **own_fields(first, declared)})
    return entries, wanted


def prefixed(entries: Iterable[Record | Skipped], prefix: str) -> Iterator[Record | Skipped]:
    """``entries`` whose ids begin with ``prefix``."""
    from clipseek.sources import Record

    for entry in entries:
        known = isinstance(entry, Record) and entry.id is not None
        yield replace(entry, id=f"{prefix}-{entry.id}") if known and isinstance(entry, Record) else entry


@dataclass
class Bringing:
    """What stays the same over several runs of one source."""

    client: Any
    index: str
    encoder: ClipEncoder
    source: Source
    index_options: IndexOptions
    options: IngestOptions
    run: RunOptions
    as_json: bool
    #: Entries that the last run could not use, each with its reason.
    unusable: dict[str, None] = field(default_factory=dict)

    def once(self, chosen: Chosen, entries: Iterator[Record | Skipped]) -> int:
        """One run with its summary; how many entries were left out."""
        from clipseek.opensearch.ingest.needs import warnings

        total = self.source.count()
        for line in warnings(self.client, total or 0, self.encoder.dimension, self.index_options.m):
            note(line)
        report, listener = self._ingest(entries, total)
        if splits := chosen.line():
            note(splits)
        if self.as_json:
            print_json(as_object(report, listener))
        else:
            print_summary(report, listener, self.source.path)
            if report.rejected:
                note(
                    f"the refused documents are kept; send them again with: clipseek ingest --retry {self.run.rejected}"
                )
            print_left_out(report, self.run.strict)
        return report.left_out

    def watch(self, seconds: float) -> None:
        """A run every so many ``seconds``, until it is interrupted while none goes on; a line for each that changed something, and
        one for each entry that is newly left out.
        """
        note(f"watching {self.source.path} every {seconds:g} s; Ctrl-C ends it")
        began, total = time.monotonic(), Counter[str]()
        while _waited(seconds):
            before = self.unusable
            report, listener = self._ingest(iter(self.source.unread().chosen()), None)
            done = Counter({word: getattr(report, word) for word in _COUNTED})
            total += done
            if self.as_json and (done.total() or self.unusable != before):
                print_json(as_object(report, listener))
            elif done.total():
                data(_counted(done))
            news = [line for line in self.unusable if line not in before]
            for line in (*news[:LISTED], *([f"{len(news) - LISTED:,} more"] if len(news) > LISTED else [])):
                note(f"left out: {line}")
        note(f"watched for {duration(time.monotonic() - began)}: {_counted(total) or 'nothing has changed'}")

    def _ingest(self, entries: Iterator[Record | Skipped], total: int | None) -> tuple[IngestReport, Listener]:
        from clipseek.opensearch.ingest.run import ingest

        if self.run.id_prefix:
            entries = prefixed(entries, self.run.id_prefix)
        with Listener(self.run.report, total, log_json=self.run.log_json) as listener:
            report = ingest(
                self.client,
                self.index,
                self.encoder,
                entries,
                index_options=self.index_options,
                options=self.options,
                bundle=os.path.abspath(self.encoder.bundle.path),
                source=self.source.kind,
                on_event=listener,
            )
        self.unusable = {with_reason(skip): None for skip in listener.skips.kept if skip.kind not in PASSED_OVER}
        self.unusable |= {with_reason(ended): None for ended in listener.refused}
        return report, listener


_COUNTED = ("indexed", "replaced", "joined", "pruned", "rejected")


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number)


def _waited(seconds: float) -> bool:
    """False where Ctrl-C, or a service's SIGTERM, ended the wait: nothing was under way."""
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        return False
    return True
