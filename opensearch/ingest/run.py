"""Pictures into an index: read, skip what is there, decode, encode, write; never stopped by a bad file.

A run that was killed is repaired by running it again: every document is written whole, under an id that its source
decides, so the second run finds the first one's documents and does the rest.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Generic

import numpy as np
import opensearchpy
from clipseek.sources import Record, Skipped, SourceError

from ..errors import IngestFailed, InvalidOption
from ..index import versions
from ..index.columns import AS_WRITTEN, DeclaredColumns
from ..index.documents import index_action, timestamp, update_action
from ..index.mapping import IndexOptions
from ..index.version import Version, check_alias
from ..protocols import Encoder, PictureT
from ..values.date_formats import DateReader
from ..values.zones import read_zone
from .bulk import Action, BulkWriter, Retry
from .feed import Changed, Feed, New, Repeated, Step
from .known import known_documents
from .own_fields import declare_late
from .pixel_rules import PixelRules
from .record import recorded
from .report import Event, IngestReport, Reporter, Shortened


@dataclass(frozen=True)
class IngestOptions:
    """How a run works.

    ``batch_size`` pictures go through the model together; ``workers`` threads read and decode (the processors, at
    most 8, where it is ``None``); a file above ``max_file_megabytes`` is not read. ``date_formats``: further ways in which the
    source writes dates (``DateReader``). ``own_fields``: what pictures' own files say (``OWN_FIELDS``) is declared to be filtered
    by.
    """

    batch_size: int = 32
    workers: int | None = None
    max_file_megabytes: int = 256
    retry: Retry = field(default_factory=Retry)
    date_formats: tuple[str, ...] = ()
    own_fields: bool = False

    def __post_init__(self) -> None:
        DateReader(formats=self.date_formats)
        for name, value in (("batch size", self.batch_size), ("workers", self.workers or 1)):
            if not 1 <= value <= 4096:
                raise InvalidOption(f"{name} {value} cannot be used; give a number from 1 to 4096")


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
    recorded as the place of the model, ``source`` as the kind of the source. ``on_event`` is called from this thread: with every
    skipped file and every value that no filter finds as they come, and with the report so far after every batch. However the run
    ends, its numbers are kept in ``clipseek-ingests``. Raises ModelMismatch before anything is written, SourceError where the
    source breaks off (what came before it is written), and IngestFailed when a bulk could not be written.
    """
    check_alias(alias)
    options = options or IngestOptions()
    reporter = Reporter(alias, on_event or (lambda event: None))
    with recorded(client, reporter.report, encoder.fingerprint, source):
        _bring(client, encoder, entries, index_options or IndexOptions(), options, bundle, reporter)
        return reporter.finish()


def _bring(
    client: opensearchpy.OpenSearch,
    encoder: Encoder[PictureT],
    entries: Iterable[Record | Skipped],
    index_options: IndexOptions,
    options: IngestOptions,
    bundle: str | None,
    reporter: Reporter,
) -> None:
    report, stream = reporter.report, iter(entries)
    for entry in stream:
        # Nothing is made for a source without a single picture: it is the wrong folder.
        if isinstance(entry, Record):
            version, report.created = versions.open_or_create(
                client,
                report.alias,
                fingerprint=encoder.fingerprint,
                dimension=encoder.dimension,
                options=index_options,
                bundle=bundle,
                date_formats=options.date_formats,
            )
            report.index = version.index
            with BulkWriter(client, options.retry) as writer:
                _Run(client, version, encoder, options, writer, reporter, report).write(chain([entry], stream))
            break
        report.seen += 1
        reporter.skip(entry)


@dataclass
class _Run(Generic[PictureT]):
    """One run into an index version that is open: its steps, and the batch that is being collected.

    ``unreadable``: why the pictures that could not be decoded could not, by id.
    """

    client: opensearchpy.OpenSearch
    version: Version
    encoder: Encoder[PictureT]
    options: IngestOptions
    writer: BulkWriter
    reporter: Reporter
    report: IngestReport
    batch: list[tuple[New[PictureT], PictureT]] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def write(self, entries: Iterable[Record | Skipped]) -> None:
        """Bring all ``entries`` into the index; what came before an error of the source, too."""
        feed = Feed(
            entries,
            known=partial(known_documents, self.client, self.version.index),
            decode=self.encoder.load_picture,
            columns=DeclaredColumns(
                self.version.fields, DateReader(read_zone(self.version.time_zone), self.options.date_formats)
            ),
            workers=self.options.workers or min(32, os.cpu_count() or 2),
            ahead=3 * self.options.batch_size,
            max_bytes=self.options.max_file_megabytes * 1_000_000,
            stale=PixelRules(self.version).stale,
        )
        try:
            for step in feed:
                self._take(step)
        except SourceError:
            # The source broke off: what it gave is worth keeping.
            self._finish()
            raise
        else:
            self._finish()
        finally:
            self._count()
            feed.close()

    def _take(self, step: Step[PictureT]) -> None:
        self.report.seen += 1
        if isinstance(step, Skipped):
            self.reporter.skip(step)
            return
        if isinstance(step, Repeated):
            # The copy of a broken picture is as broken, and no duplicate of anything in the index.
            broken = self.unreadable.get(step.item.id) if step.item.id == step.item.content_hash else None
            kind, reason = ("duplicate", step.reason) if broken is None else ("unreadable", broken)
            self.reporter.skip(Skipped(step.item.path, kind, reason))
            return
        if step.item.caption_cut:
            kept = len(step.item.caption.encode())
            reason = f"its caption has {kept + step.item.caption_cut:,} bytes; the first {kept:,} are kept"
            self.reporter.shorten(Shortened(step.item.path, "caption cut", reason))
        self.reporter.unfound(step.item)
        known = {*self.version.fields, *self.report.undeclared}
        self.report.undeclared += tuple(
            name for name in step.item.metadata if name not in known and name.removesuffix(AS_WRITTEN) not in known
        )
        if isinstance(step, New):
            self._take_new(step)
            return
        if isinstance(step, Changed):
            self.report.updated += 1
            body = update_action(self.version.index, step.item.id, step.fields, timestamp())
            self.writer.add(Action("update", step.item.path, body))
        else:
            self.report.unchanged += 1
        self.reporter.progress()

    def _take_new(self, step: New[PictureT]) -> None:
        try:
            self.batch.append((step, step.picture.result()))
        except Exception as problem:
            # ImageError says why. Anything else is a decoder's own failure, and must not cost the other pictures.
            reason = str(problem) if isinstance(problem, ValueError) else f"{type(problem).__name__}: {problem}"
            self.unreadable[step.item.id] = reason
            self.reporter.skip(Skipped(step.item.path, "unreadable", reason))
        if len(self.batch) >= self.options.batch_size:
            self._encode()

    def _encode(self) -> None:
        """Encode the batch, hand its documents to the writer, and empty it."""
        batch = self.batch
        if not batch:
            return
        before = time.monotonic()
        vectors = self.encoder.encode_pictures([picture for _, picture in batch])
        self.report.encode_seconds += time.monotonic() - before
        expected = (len(batch), self.encoder.dimension)
        if vectors.shape != expected:
            raise IngestFailed(
                f"the model gave vectors of shape {vectors.shape} where {expected} was expected; export it again"
            )
        usable = np.isfinite(vectors).all(axis=1) & (np.abs(vectors).max(axis=1) > 0)
        now = timestamp()
        for (step, picture), vector, is_usable in zip(batch, vectors, usable, strict=True):
            if not is_usable:
                self.reporter.skip(Skipped(step.item.path, "no vector", "the model makes no vector of it"))
                continue
            rules = {*step.rules, *getattr(picture, "rules", ())}  # which another's encoder may not know
            document = step.item.document(vector, picture.width, picture.height, now, picture.appearance, rules)
            self.writer.add(Action("index", step.item.path, index_action(self.version.index, step.item.id, document)))
            self.report.encoded += 1
        batch.clear()
        self.reporter.progress()

    def _finish(self) -> None:
        """Encode and write what is left, wait for every answer, and count what the server took."""
        self._encode()
        try:
            self.writer.finish()
        finally:
            self.client.indices.refresh(index=self.version.index)
        self._count()
        for entry in self.writer.rejected:
            self.reporter.on_event(entry)
        versions.check_still(self.client, self.version)
        if self.options.own_fields:
            self.version = declare_late(self.client, self.version, self.report, self.options.date_formats)

    def _count(self) -> None:
        """What the server has confirmed so far."""
        self.report.indexed, self.report.updated = self.writer.indexed, self.writer.updated
        self.report.rejected = len(self.writer.rejected)
