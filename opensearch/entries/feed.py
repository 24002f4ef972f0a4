"""Entries to work: what is in the index already is left out before anything is read, or before it is decoded.

One thread reads the source, a batch ahead of another, which works in chunks: one request asks which entries are in the index as
they are, by their tokens; the files of the others are read and hashed by a pool, one more request asks for their documents, and
only what is new is decoded, ahead of the model by a bounded number of pictures. The order stays the source's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Generic

from clipseek.encoder.pictures.crop import Crop
from clipseek.encoder.pictures.errors import ImageError
from clipseek.encoder.pictures.formats.outline import parts_of
from clipseek.encoder.pictures.parts import Part, Parting
from clipseek.sources import Record, Skipped, SourceError

from ..index.columns import DeclaredColumns
from ..protocols import PictureT, TextReader
from .ahead import Ahead
from .deciding import Deciding, Stale
from .draft import Describe, Draft, draft_of, read_whole
from .files import size_of
from .known import There
from .lookup import Lookup
from .parted import DecodeParts, Parted
from .pixels import PixelBudget
from .seen import Seen
from .steps import Coming, New, Step, Unchanged
from .texts import Texts

#: Entries that are asked for together, and how long the first of them waits for others; of pictures' files held in memory at
#: once, before decoding.
CHUNK_ENTRIES, CHUNK_SECONDS = 1024, 1.0
CHUNK_FILES = 128
CHUNK_BYTES = 96 << 20


@dataclass(frozen=True)
class FeedOptions:
    """``workers`` threads read and decode, ``ahead`` pictures at most before the model; files above ``max_bytes`` are not read, and
    all are read with ``checksum``. ``source``: the name of the source that the entries are from; ``describe`` adds what pictures'
    own files say, ``reader`` reads the words in pictures; ``parting``: which entries become several documents.
    """

    workers: int
    ahead: int
    max_bytes: int
    source: str = ""
    checksum: bool = False
    describe: Describe | None = None
    reader: TextReader | None = None
    parting: Parting | None = None


def nothing_parted(data: bytes, crops: Sequence[Crop]) -> list[Any]:
    """Where no entry becomes several documents."""
    raise NotImplementedError


class Feed(Generic[PictureT]):
    """Iterates over the steps of ``entries``, in their order; made by a thread that ``close`` ends.

    ``decode`` makes a picture of a file's bytes, ``decode_parts`` those of its crops, both called from several threads. An error of
    the source or of ``known`` is raised where its step would have come. ``meanwhile`` is called while nothing comes.
    """

    def __init__(
        self,
        entries: Iterable[Record | Skipped],
        *,
        known: Lookup,
        decode: Callable[[bytes], PictureT],
        decode_parts: DecodeParts[PictureT] = nothing_parted,
        columns: DeclaredColumns,
        seen: Seen,
        options: FeedOptions,
        stale: Stale = lambda known, data: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._entries, self._known, self._columns = entries, known, columns
        self._seen, self._options = seen, options
        self._budget = PixelBudget()
        self._decode = self._budget.within(decode)
        self._texts = Texts(options.reader, self._budget)
        self._pool = ThreadPoolExecutor(options.workers, thread_name_prefix="clipseek-decode")
        deciding: Deciding[PictureT] = Deciding(columns, seen, stale, self._texts)
        self._deciding = deciding
        self._parted = Parted(known, deciding, self._pool.submit, self._budget.within(decode_parts))
        self._drafts = Ahead(self._drafted(), 1, "clipseek-read")
        self._bundles = Ahead(self._bundled(), options.ahead, "clipseek-feed", meanwhile)

    def __iter__(self) -> Iterator[Step[PictureT]]:
        for steps in self._bundles:
            yield from steps

    def close(self) -> None:
        """End the threads and drop what is waiting."""
        self._bundles.close()
        self._drafts.close()
        self._budget.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._texts.close()

    def _bundled(self) -> Iterator[list[Step[PictureT]]]:
        for drafts in self._drafts:
            for chunk in chunks(self._sifted(drafts)):
                yield from bundled(self._steps(chunk))

    def _drafted(self) -> Iterator[list[Draft | Skipped]]:
        """The source's entries, batch by batch."""
        options = self._options
        more = (options.source, self._seen, options.describe, options.parting)
        for batch in batches(self._entries):
            yield [draft_of(entry, self._columns, *more) for entry in batch]

    def _sifted(self, drafts: list[Draft | Skipped]) -> list[Draft | Skipped | Unchanged]:
        """``drafts``, those as unchanged whose token the index has."""
        options = self._options
        tokens = [draft.item.token for draft in drafts if isinstance(draft, Draft) and draft.item.token]
        parted = options.parting is not None
        there = {} if options.checksum else self._known.unchanged(tokens, parted=parted)
        return [self._once(draft, there) if isinstance(draft, Draft) else draft for draft in drafts]

    def _once(self, draft: Draft, there: Mapping[str, There]) -> Draft | Unchanged:
        item = draft.item
        if item.own_id and (first := self._seen.first(item.id, item.path)) is not None:
            # Another file is compared each time: whether it has the bytes of the first, its own time does not say.
            item = replace(item, first=first, token=item.token if first == item.path else None)
            draft = replace(draft, item=item)
        known = there.get(item.token or "")
        return draft if known is None else Unchanged(item, known.id, known.documents)

    def _steps(self, chunk: list[Draft | Skipped | Unchanged]) -> Iterator[Step[PictureT]]:
        drafts = [entry for entry in chunk if isinstance(entry, Draft)]
        files = self._pool.map(self._read, drafts)
        read = [one for entry in chunk for one in (next(files) if isinstance(entry, Draft) else [entry])]
        items = [entry[0] for entry in read if isinstance(entry, tuple) and not entry[2]]
        documents = self._known.documents([item.id for item in items]) if items else {}
        # An entry with an id of its own stands elsewhere only as parts that it had before.
        keys = {item.key: item.image_uri for item in items if not item.own_id or self._known.has_parts}
        elsewhere = self._known.elsewhere(keys) if keys else {}
        # From the back, so that each file's bytes can go as soon as its step is made.
        read.reverse()
        while read:
            entry = read.pop()
            if not isinstance(entry, tuple):
                yield entry
                continue
            item, data, parts = entry
            if parts:
                yield from self._parted.steps(item, data, parts)
                continue
            gone = tuple(name for name in elsewhere.get(item.key, ()) if name != item.id)
            yield self._deciding.step(item, data, documents.get(item.id), gone, self._decoding(data))

    def _read(self, draft: Draft) -> list[Any]:
        options = self._options
        read = read_whole(draft, options.max_bytes, self._columns, options.source, options.describe)
        return [(*one, self._parts(one[1])) if isinstance(one, tuple) else one for one in read]

    def _parts(self, data: bytes) -> tuple[Part, ...]:
        """What the file becomes; nothing where it stays one picture, and where it cannot be read, as decoding it says."""
        if self._options.parting is None:
            return ()
        try:
            return parts_of(data, self._options.parting)
        except ImageError:
            return ()

    def _decoding(self, data: bytes) -> Callable[[], Coming[PictureT]]:
        return lambda: self._pool.submit(self._decode, data)


def bundled(steps: Iterable[Step[PictureT]]) -> Iterator[list[Step[PictureT]]]:
    """Lists of steps, each of which ends with a picture to decode, if any: what is unchanged is many and costs little."""
    bundle: list[Step[PictureT]] = []
    for step in steps:
        bundle.append(step)
        if isinstance(step, New) or len(bundle) >= CHUNK_FILES:
            yield bundle
            bundle = []
    if bundle:
        yield bundle


def batches(entries: Iterable[Record | Skipped]) -> Iterator[list[Record | Skipped]]:
    """Lists of at most CHUNK_ENTRIES: the first ones shorter, so that the model has something to do, and those of a slow source."""
    batch: list[Record | Skipped] = []
    most = min(64, CHUNK_ENTRIES)
    since = time.monotonic()
    try:
        for entry in entries:
            if not batch:
                since = time.monotonic()
            batch.append(entry)
            if len(batch) >= most or time.monotonic() - since > CHUNK_SECONDS:
                yield batch
                batch, most = [], min(2 * most, CHUNK_ENTRIES)
    except SourceError:
        # A broken line does not take away what stands before it.
        yield batch
        raise
    if batch:
        yield batch


def chunks(entries: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists of at most CHUNK_FILES drafts whose files have at most CHUNK_BYTES together, or of one larger file; with the entries
    between them."""
    chunk: list[Any] = []
    total = files = 0
    for entry in entries:
        if isinstance(entry, Draft):
            size = size_of(entry.item.path)
            if files and (files >= CHUNK_FILES or total + size > CHUNK_BYTES):
                yield chunk
                chunk, total, files = [], 0, 0
            total += size
            files += 1
        chunk.append(entry)
    if chunk:
        yield chunk
