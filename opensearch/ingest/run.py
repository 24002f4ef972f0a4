"""Pictures into an index: read, skip what is there, decode, encode, write; never stopped by a bad file.

A run that was killed is repaired by running it again: every document is written whole, under an id that its source
decides, so the second run finds the first one's documents and does the rest.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from itertools import chain
from typing import Any

import opensearchpy
from clipseek.sources import Record, Skipped, SourceError

from ..bulk.rejected import DeadLetters
from ..bulk.writer import BulkWriter
from ..entries.feed import Feed, FeedOptions
from ..entries.known import Known
from ..entries.seen import Seen
from ..errors import OpenSearchError
from ..index import versions
from ..index.columns import DeclaredColumns
from ..index.mapping import IndexOptions
from ..index.picture_text import declare_text
from ..index.version import Version, check_alias
from ..protocols import AnyEncoder, Encoder, PictureT
from ..server.transport import patient
from ..values.date_formats import DateReader
from ..values.zones import read_zone
from .encoding import Encoding, loader_of_parts
from .expunge import tidied
from .flushing import Flusher
from .options import IngestOptions
from .own_fields import declare_late
from .pixel_rules import PixelRules
from .prune import removals, remove
from .record import recorded
from .report import Event, IngestReport, Pruning
from .reporter import Reporter
from .taking import Taking
from .writing import Writing


def ingest(
    client: opensearchpy.OpenSearch,
    alias: str,
    encoder: Encoder[PictureT],
    entries: Iterable[Record | Skipped],
    *,
    index_options: IndexOptions | None = None,
    options: IngestOptions | None = None,
    bundle: str | None = None,
    source: str = "entries",
    on_event: Callable[[Event], None] | None = None,
) -> IngestReport:
    """Bring every picture of ``entries`` into the index behind ``alias``, which is made where it is missing.

    ``index_options`` hold for a new index; its ``fields`` are declared in one that is there, too. ``bundle`` is
    recorded as the place of the model, ``source`` as the kind of the source. ``on_event`` is called with what becomes of every
    entry and every value that no filter finds as they come, with the report so far after every batch, and, from other threads but
    one at a time, with every request that is sent again. However the run ends, its numbers are kept in ``clipseek-ingests``. Raises
    ModelMismatch before anything is written, SourceError where the source breaks off (what came before it is written), and
    IngestFailed when a bulk could not be written.
    """
    check_alias(alias)
    options = options or IngestOptions()
    reporter = Reporter(alias, on_event or (lambda event: None))
    report, stream = reporter.report, iter(entries)
    stop = threading.Event()
    lasting = patient(client, options.retry, reporter.retried, lambda seconds: stop.wait(seconds))
    with recorded(client, report, encoder.fingerprint, source):
        for entry in stream:
            # Nothing is made for a source without a single picture: it is the wrong folder.
            if isinstance(entry, Record):
                version, report.created = versions.open_or_create(
                    lasting,
                    alias,
                    fingerprint=encoder.fingerprint,
                    dimension=encoder.dimension,
                    options=index_options or IndexOptions(),
                    bundle=bundle,
                    date_formats=options.date_formats,
                )
                if options.reader is not None:
                    version = declare_text(lasting, version)
                report.index = version.index
                _Run(lasting, version, encoder, options, reporter, stop).write(chain([entry], stream))
                break
            report.seen += 1
            reporter.skip(entry)
        return reporter.finish()


class _Run:
    """One run into an index version that is open; ``client`` is a patient one."""

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        version: Version,
        encoder: AnyEncoder,
        options: IngestOptions,
        reporter: Reporter,
        stop: threading.Event,
    ) -> None:
        self._client, self._version, self._encoder = client, version, encoder
        self._options, self._reporter, self._stop = options, reporter, stop
        self._dates = DateReader(read_zone(version.time_zone), options.date_formats)

    def write(self, entries: Iterable[Record | Skipped]) -> None:
        """Bring all ``entries`` into the index; what came before an error of the source, too."""
        options, index = self._options, self._version.index
        columns = DeclaredColumns(self._version.fields, self._dates)
        known = Known(self._client, index, options.retry, options.reader.marks if options.reader else ())
        if not self._reporter.report.created:
            self._client.indices.refresh(index=index)  # what a run that was killed wrote is looked for, too
        with ExitStack() as stack:
            seen = stack.enter_context(closing(Seen(keys=options.prune)))
            letters = stack.enter_context(
                closing(DeadLetters(options.rejected, self._version.alias, self._version.fingerprint))
            )
            writer = stack.enter_context(
                BulkWriter(self._client, options.retry, self._reporter.retried, self._stop, self._reporter.progress)
            )
            writing = Writing(writer, known, index, columns, self._reporter, letters)
            feed: Feed[Any] = stack.enter_context(closing(self._feed(entries, known, columns, seen, writer)))
            taking: Taking[Any] = Taking(
                self._version,
                Encoding(self._encoder, options.batch_size, writing, self._reporter),
                writing,
                self._reporter,
                strict=options.strict,
            )
            flusher = Flusher(self._client, index, writer)
            try:
                for step in feed:
                    taking.take(step)
                    flusher.maybe()
            except SourceError:
                # The source broke off: what it gave is worth keeping.
                taking.finish()
                self._finish(flusher)
                raise
            taking.finish()
            if options.prune:
                self._prune(writer, known, seen, taking.broken)
            self._finish(flusher)

    def _feed(
        self,
        entries: Iterable[Record | Skipped],
        known: Known,
        columns: DeclaredColumns,
        seen: Seen,
        writer: BulkWriter,
    ) -> Feed[Any]:
        options = self._options
        return Feed(
            entries,
            known=known,
            decode=self._encoder.load_picture,
            decode_parts=loader_of_parts(self._encoder),
            columns=columns,
            seen=seen,
            options=FeedOptions(
                workers=options.workers or min(32, os.cpu_count() or 2),
                ahead=3 * options.batch_size,
                max_bytes=options.max_file_megabytes * 1_000_000,
                source=options.source,
                checksum=options.checksum,
                describe=options.describe,
                reader=options.reader,
                parting=options.parting,
            ),
            stale=PixelRules(self._version).stale,
            meanwhile=lambda: self._idle(writer),
        )

    def _idle(self, writer: BulkWriter) -> None:
        """While the source gives nothing: what it gave is not kept back."""
        writer.flush_old()
        self._reporter.progress()

    def _prune(self, writer: BulkWriter, known: Known, seen: Seen, broken: int) -> None:
        """Remove what the source has no more, after saying how many."""
        report, options = self._reporter.report, self._options
        if broken:
            report.notes.append(
                f"nothing was pruned: {broken:,} entries of the source could not be read, and their documents would have been lost"
            )
            return
        index = self._version.index
        self._client.indices.refresh(index=index)
        found = list(removals(self._client, index, options.source, seen, known, options.protected))
        self._reporter.tell(Pruning(len(found)))
        report.pruned = remove(writer, index, found)
        report.rewritten += report.pruned

    def _finish(self, flusher: Flusher) -> None:
        """Make what was written searchable and lasting; all of it is in the index already."""
        report, index = self._reporter.report, self._version.index
        try:
            flusher.end()
            if report.rewritten:
                report.expunged, note = tidied(self._client, index, self._options.expunge)
                report.notes += [note] if note else []
        except OpenSearchError as problem:
            report.notes.append(f"all is written, but could not be refreshed and flushed: {problem}")
        versions.check_still(self._client, self._version)
        if self._options.own_fields:
            self._version = declare_late(self._client, self._version, report, self._options.date_formats)
