"""Records to work: what is in the index already is left out before anything is decoded.

One thread goes through the source in chunks: the files of a chunk are read and hashed by a pool, one request asks for
all of its documents, and only what is new is decoded, ahead of the model by a bounded number of pictures. The order
stays the source's.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias

from clipseek.sources import Record, Skipped, SourceError, shown

from ..index.columns import DeclaredColumns
from ..index.documents import Item, item
from ..protocols import PictureT
from .files import Unreadable, read_file, size_of

#: Of pictures' files held in memory at once, before decoding.
CHUNK_FILES = 128
CHUNK_BYTES = 96 << 20


@dataclass(frozen=True)
class Unchanged:
    """A document that is in the index as the source says it."""

    item: Item


@dataclass(frozen=True)
class Changed:
    """A document whose picture is the same; ``fields`` are the others."""

    item: Item
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class New(Generic[PictureT]):
    """A picture to encode; ``picture`` raises ValueError with the reason where it cannot be decoded. ``rules``: what its document
    stores besides the rules that the picture met (``PixelRules.stale``)."""

    item: Item
    picture: Future[PictureT]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repeated:
    """A document that came before in this run: another file of the same bytes, or of the same id."""

    item: Item
    first: Path

    @property
    def reason(self) -> str:
        if self.item.id == self.item.content_hash:
            return f"duplicate of {shown(self.first)}"
        return f"its id {self.item.id!r} is that of {shown(self.first)} already"


Step: TypeAlias = Skipped | Repeated | Unchanged | Changed | New[PictureT]


class Feed(Generic[PictureT]):
    """Iterates over the steps of ``entries``, in their order; made by a thread that ``close`` ends.

    ``known(ids)`` gives the indexed fields of those ids that are there; ``stale`` whether one's pixels would be others today
    (``PixelRules.stale``); ``decode`` makes a picture of a file's bytes
    and is called from ``workers`` threads. An error of the source or of ``known`` is raised where its step would have
    come.
    """

    def __init__(
        self,
        entries: Iterable[Record | Skipped],
        *,
        known: Callable[[list[str]], Mapping[str, Mapping[str, Any]]],
        decode: Callable[[bytes], PictureT],
        columns: DeclaredColumns,
        workers: int,
        ahead: int,
        max_bytes: int,
        stale: Callable[[Mapping[str, Any], bytes], tuple[str, ...] | None] = lambda known, data: None,
    ) -> None:
        self._entries, self._known, self._decode, self._columns = entries, known, decode, columns
        self._max_bytes, self._stale = max_bytes, stale
        # For every id so far, the first file that had it. A digest and a path: about 250 bytes a picture.
        self._seen: dict[bytes, Path] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="clipseek-decode")
        self._queue: queue.Queue[Step[PictureT] | BaseException | None] = queue.Queue(maxsize=ahead)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="clipseek-feed", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Step[PictureT]]:
        while (step := self._queue.get()) is not None:
            if isinstance(step, BaseException):
                raise step
            yield step

    def close(self) -> None:
        """End the thread and drop what is waiting."""
        self._stop.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self) -> None:
        try:
            for chunk in chunks(self._entries):
                for step in self._steps(chunk):
                    if not self._put(step):
                        return
            self._put(None)
        except BaseException as problem:
            self._put(problem)

    def _put(self, step: Step[PictureT] | BaseException | None) -> bool:
        """False when nobody waits for it any more."""
        while not self._stop.is_set():
            try:
                self._queue.put(step, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def _steps(self, chunk: list[Record | Skipped]) -> Iterator[Step[PictureT]]:
        entries = list(self._pool.map(self._read, chunk))
        fresh = [self._unless_seen(*entry) if isinstance(entry, tuple) else entry for entry in entries]
        del entries
        ids = [entry[0].id for entry in fresh if isinstance(entry, tuple)]
        known = self._known(ids) if ids else {}
        # From the back, so that each file's bytes can go as soon as its step is made.
        fresh.reverse()
        while fresh:
            entry = fresh.pop()
            if not isinstance(entry, tuple):
                yield entry
                continue
            own, data = entry
            indexed = known.get(own.id)
            if indexed is None or indexed.get("content_hash") != own.content_hash:
                yield New(own, self._pool.submit(self._decode, data))
            elif (met := self._stale(indexed, data)) is not None:
                yield New(own, self._pool.submit(self._decode, data), met)
            elif changed := own.difference(indexed):
                yield Changed(own, changed)
            else:
                yield Unchanged(own)

    def _read(self, entry: Record | Skipped) -> Skipped | tuple[Item, bytes]:
        if isinstance(entry, Skipped):
            return entry
        try:
            data = read_file(entry.image, self._max_bytes)
            return item(entry, hashlib.sha256(data).hexdigest(), self._columns), data
        except Unreadable as problem:
            return Skipped(entry.image, "unreadable", str(problem))
        except ValueError as problem:
            return Skipped(entry.image, "unusable id", str(problem))

    def _unless_seen(self, own: Item, data: bytes) -> Repeated | tuple[Item, bytes]:
        first = self._seen.setdefault(hashlib.blake2b(own.id.encode(), digest_size=16).digest(), own.path)
        return (own, data) if first is own.path else Repeated(own, first)


def chunks(entries: Iterable[Record | Skipped]) -> Iterator[list[Record | Skipped]]:
    """Lists of at most CHUNK_FILES entries whose files have at most CHUNK_BYTES together, or of one larger file."""
    chunk: list[Record | Skipped] = []
    total = 0
    try:
        for entry in entries:
            size = size_of(entry.image) if isinstance(entry, Record) else 0
            if chunk and (len(chunk) >= CHUNK_FILES or total + size > CHUNK_BYTES):
                yield chunk
                chunk, total = [], 0
            chunk.append(entry)
            total += size
    except SourceError:
        # A broken line does not take away what stands before it.
        yield chunk
        raise
    if chunk:
        yield chunk
