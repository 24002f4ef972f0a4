"""What is held while the model is slow: files' bytes are bounded, and nothing is decoded where the model is called."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from clipseek.opensearch.entries import feed as feeding
from clipseek.opensearch.entries.feed import Feed, FeedOptions
from clipseek.opensearch.entries.known import Document, There
from clipseek.opensearch.entries.seen import Seen
from clipseek.opensearch.entries.steps import New
from clipseek.opensearch.index.columns import DeclaredColumns
from clipseek.sources import Record

FILES, CHUNK, AHEAD = 60, 10, 4


class Source:
    """Records, and how many of them were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.given = folder, 0

    def __iter__(self) -> Iterator[Record]:
        for number in range(FILES):
            path = self.folder / f"{number:03}.bin"
            path.write_bytes(b"%d" % number)
            self.given += 1
            yield Record(str(number), path, (), None, {})


@dataclass(frozen=True)
class Decoded:
    number: int
    width: int = 1
    height: int = 1
    appearance: bytes = b""


class Nothing:
    """An index that knows nothing."""

    has_parts = False

    def unchanged(self, tokens: Sequence[str], *, parted: bool = False) -> dict[str, There]:
        return {}

    def documents(self, ids: Sequence[str]) -> dict[str, Document]:
        return {}

    def elsewhere(self, keys: Mapping[str, str]) -> dict[str, list[str]]:
        return {}


class Decoder:
    """Remembers where it worked, and how much of it is done."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.done = 0
        self._lock = threading.Lock()

    def __call__(self, data: bytes) -> Decoded:
        with self._lock:
            self.threads.add(threading.get_ident())
            self.done += 1
        return Decoded(int(data))


def wait_until_it_stands_still(source: Source, decoder: Decoder) -> None:
    before, since = (-1, -1), time.monotonic()
    while time.monotonic() - since < 0.4:
        if (source.given, decoder.done) != before:
            before, since = (source.given, decoder.done), time.monotonic()
        time.sleep(0.01)


def test_a_slow_model_bounds_what_is_read_and_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "CHUNK_FILES", CHUNK)
    source, decoder = Source(tmp_path), Decoder()
    monkeypatch.setattr(feeding, "CHUNK_ENTRIES", CHUNK)
    feed: Feed[Decoded] = Feed(
        source,
        known=Nothing(),
        decode=decoder,
        columns=DeclaredColumns(),
        seen=Seen(),
        options=FeedOptions(workers=3, ahead=AHEAD, max_bytes=100),
    )
    try:
        wait_until_it_stands_still(source, decoder)
        assert source.given == 3 * CHUNK  # one is worked on, one waits, and one is read
        assert decoder.done == AHEAD + 1
        steps = iter(feed)
        taken = [next(steps) for _ in range(2 * CHUNK)]
        wait_until_it_stands_still(source, decoder)
        assert source.given == 5 * CHUNK
        assert decoder.done <= 2 * CHUNK + AHEAD + 1
        taken += steps
        numbers = [step.picture.result().number for step in taken if isinstance(step, New)]
    finally:
        feed.close()
    assert numbers == list(range(FILES))  # all, in the source's order
    assert threading.get_ident() not in decoder.threads
