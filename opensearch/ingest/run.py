"""Pictures into an index: read, skip what is there, decode, encode, write; never stopped by a bad file.

A run that was killed is repaired by running it again: every document is written whole, under an id that its source
decides, so the second run finds the first one's documents and does the rest.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import opensearchpy
from clipseek.sources import Record, Skipped, SourceError

from ..errors import IngestFailed, InvalidOption
from ..index import versions
from ..index.documents import COMPARED, Item, index_action, malformed, timestamp, update_action
from ..index.mapping import IndexOptions
from ..index.versions import Version
from ..protocols import Encoder, PictureT
from .bulk import Action, BulkWriter, Retry
from .feed import Changed, Feed, New, Repeated, Unchanged


@dataclass(frozen=True)
class IngestOptions:
    """How a run works; nothing here changes what ends up in the index.

    ``batch_size`` pictures go through the model together; ``workers`` threads read and decode (the processors, at
    most 8, where it is ``None``); a file above ``max_file_megabytes`` is not read.
    """

    batch_size: int = 32
    workers: int | None = None
    max_file_megabytes: int = 256
    retry: Retry = field(default_factory=Retry)

    def __post_init__(self) -> None:
        for name, value in (("batch size", self.batch_size), ("workers", self.workers or 1)):
            if not 1 <= value <= 4096:
                raise InvalidOption(f"{name} {value} cannot be used; give a number from 1 to 4096")


@dataclass(frozen=True)
class Progress:
    """Where a run stands; counts are of the source's entries."""

    seen: int
    encoded: int
    updated: int
    unchanged: int
    skipped: int
    seconds: float


Event: TypeAlias = "Progress | Skipped"


@dataclass(frozen=True)
class IngestReport:
    """What a run did. ``index`` is ``None`` where the source held no picture, so that nothing was made.

    ``skipped`` counts files by kind; ``rejected`` counts documents that the server refused. ``malformed`` counts, by
    declared field, values that are not of its type; ``undeclared`` are columns that are kept and cannot be filtered
    by.
    """

    alias: str
    index: str | None
    created: bool
    indexed: int
    updated: int
    unchanged: int
    skipped: Mapping[str, int]
    rejected: int
    malformed: Mapping[str, int]
    undeclared: tuple[str, ...]
    seconds: float
    encode_seconds: float


def ingest(
    client: opensearchpy.OpenSearch,
    alias: str,
    encoder: Encoder[PictureT],
    entries: Iterable[Record | Skipped],
    *,
    index_options: IndexOptions | None = None,
    options: IngestOptions | None = None,
    bundle: str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> IngestReport:
    """Bring every picture of ``entries`` into the index behind ``alias``, which is made where it is missing.

    ``index_options`` hold for a new index; its ``fields`` are declared in one that is there, too. ``bundle`` is
    recorded as the place of the model. ``on_event`` is called from this thread: with every skipped file as it comes,
    and with the progress after every batch. Raises ModelMismatch before anything is written, SourceError where the
    source breaks off (what came before it is written), and IngestFailed when a bulk could not be written.
    """
    versions.check_alias(alias)
    run = _Run(client, alias, encoder, options or IngestOptions(), on_event or (lambda event: None))
    stream = iter(entries)
    for entry in stream:
        # Nothing is made for a source without a single picture: it is the wrong folder.
        if isinstance(entry, Record):
            run.open_version(index_options or IndexOptions(), bundle)
            run.through(chain([entry], stream))
            break
        run.seen += 1
        run.skip(entry)
    return run.report()


class _Run:
    """The state of one call of ``ingest``."""

    def __init__(
        self,
        client: opensearchpy.OpenSearch,
        alias: str,
        encoder: Encoder[Any],
        options: IngestOptions,
        on_event: Callable[[Event], None],
    ) -> None:
        self.client, self.alias, self.encoder, self.options, self.on_event = client, alias, encoder, options, on_event
        self.version: Version | None = None
        self.created = False
        self.started = time.monotonic()
        self.encode_seconds = 0.0
        self.seen = self.encoded = self.updated = self.unchanged = self.indexed = self.rejected = 0
        self.skipped: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self.undeclared: dict[str, None] = {}
        self.failed: dict[str, str] = {}

    def open_version(self, index_options: IndexOptions, bundle: str | None) -> None:
        found = versions.find(self.client, self.alias)
        if found is None:
            self.version = versions.create(
                self.client,
                self.alias,
                fingerprint=self.encoder.fingerprint,
                dimension=self.encoder.dimension,
                options=index_options,
                bundle=bundle,
            )
            self.created = True
        else:
            self.version = found
        # After create as well: another process may have made it first, with another model.
        versions.guard(self.version, self.encoder.fingerprint, self.encoder.dimension)
        versions.add_missing(self.client, self.version)
        self.version = versions.declare(self.client, self.version, index_options.fields)

    def through(self, entries: Iterable[Record | Skipped]) -> None:
        version = self._version()
        feed = Feed(
            entries,
            known=self._known,
            decode=self.encoder.load_picture,
            fields=version.fields,
            workers=self.options.workers or min(8, os.cpu_count() or 2),
            ahead=3 * self.options.batch_size,
            max_bytes=self.options.max_file_megabytes * 1_000_000,
        )
        batch: list[tuple[Item, Any]] = []
        try:
            with BulkWriter(self.client, retry=self.options.retry) as writer:
                try:
                    for step in feed:
                        self._take(step, batch, writer)
                except SourceError:
                    # The source broke off: what it gave is worth keeping.
                    self._encode(batch, writer)
                    self._close(writer)
                    raise
                self._encode(batch, writer)
                self._close(writer)
        finally:
            feed.close()

    def _take(self, step: Any, batch: list[tuple[Item, Any]], writer: BulkWriter) -> None:
        self.seen += 1
        if isinstance(step, Skipped):
            self.skip(step)
            return
        if isinstance(step, Repeated):
            # The copy of a broken picture is as broken, and no duplicate of anything in the index.
            if (reason := self.failed.get(step.item.id)) is not None and step.item.id == step.item.content_hash:
                self.skip(Skipped(step.item.path, "unreadable", reason))
            else:
                self.skip(Skipped(step.item.path, "duplicate", step.reason))
            return
        self._look_at_metadata(step.item)
        if isinstance(step, New):
            try:
                batch.append((step.item, step.picture.result()))
            except Exception as problem:
                # ImageError says why. Anything else is a decoder's own failure, and must not cost the other pictures.
                reason = str(problem) if isinstance(problem, ValueError) else f"{type(problem).__name__}: {problem}"
                self.failed[step.item.id] = reason
                self.skip(Skipped(step.item.path, "unreadable", reason))
            if len(batch) >= self.options.batch_size:
                self._encode(batch, writer)
        elif isinstance(step, Changed):
            self.updated += 1
            body = update_action(self._version().index, step.item, step.fields, timestamp())
            writer.add(Action("update", step.item.path, body))
            self._tell()
        elif isinstance(step, Unchanged):
            self.unchanged += 1
            self._tell()

    def _encode(self, batch: list[tuple[Item, Any]], writer: BulkWriter) -> None:
        """Encode and hand over ``batch``, and empty it."""
        if not batch:
            return
        before = time.monotonic()
        vectors = self.encoder.encode_pictures([picture for _, picture in batch])
        self.encode_seconds += time.monotonic() - before
        expected = (len(batch), self.encoder.dimension)
        if vectors.shape != expected:
            raise IngestFailed(
                f"the model gave vectors of shape {vectors.shape} where {expected} was expected; export it again"
            )
        usable = np.isfinite(vectors).all(axis=1) & (np.abs(vectors).max(axis=1) > 0)
        now = timestamp()
        for (item, picture), vector, fine in zip(batch, vectors, usable, strict=True):
            if not fine:
                self.skip(Skipped(item.path, "no vector", "the model makes no vector of it"))
                continue
            document = item.document(vector, picture.width, picture.height, now, picture.appearance)
            writer.add(Action("index", item.path, index_action(self._version().index, item, document)))
            self.encoded += 1
        batch.clear()
        self._tell()

    def _close(self, writer: BulkWriter) -> None:
        version = self._version()
        try:
            tally = writer.finish()
        finally:
            self.client.indices.refresh(index=version.index)
        self.indexed, self.updated = tally.indexed, tally.updated
        for rejected in tally.rejected:
            self.rejected += 1
            self.on_event(Skipped(rejected.action.path, "refused by the server", rejected.reason))
        versions.check_still(self.client, version)

    def _known(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        answer: Any = self.client.mget(
            index=self._version().index, body={"ids": ids}, params={"_source_includes": ",".join(COMPARED)}
        )
        return {found["_id"]: found.get("_source") or {} for found in answer["docs"] if found.get("found")}

    def skip(self, entry: Skipped) -> None:
        self.skipped[entry.kind] += 1
        self.on_event(entry)
        self._tell()

    def _look_at_metadata(self, item: Item) -> None:
        fields = self._version().fields
        self.malformed.update(malformed(item, fields))
        self.undeclared.update(dict.fromkeys(name for name in item.metadata if name not in fields))

    def _version(self) -> Version:
        if self.version is None:
            raise RuntimeError("no version is open")
        return self.version

    def _tell(self) -> None:
        elapsed = time.monotonic() - self.started
        self.on_event(Progress(self.seen, self.encoded, self.updated, self.unchanged, self.skipped.total(), elapsed))

    def report(self) -> IngestReport:
        return IngestReport(
            alias=self.alias,
            index=self.version.index if self.version else None,
            created=self.created,
            indexed=self.indexed,
            updated=self.updated,
            unchanged=self.unchanged,
            skipped=dict(self.skipped.most_common()),
            rejected=self.rejected,
            malformed=dict(self.malformed),
            undeclared=tuple(self.undeclared),
            seconds=time.monotonic() - self.started,
            encode_seconds=self.encode_seconds,
        )
