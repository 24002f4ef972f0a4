"""How a run of ``ingest`` works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clipseek.encoder.pictures.parts import Parting

from ..entries.draft import Describe
from ..errors import InvalidOption
from ..protocols import TextReader
from ..server.retry import Retry
from ..values.date_formats import DateReader


@dataclass(frozen=True)
class IngestOptions:
    """``batch_size`` pictures go through the model together; ``workers`` threads read and decode (the processors, at
    most 32, where it is ``None``); a file above ``max_file_megabytes`` is not read. ``date_formats``: further ways in which the
    source writes dates (``DateReader``).

    ``source`` is the name of the source, the same in each of its runs: its documents remember it, and another's are not
    overwritten. ``checksum``: read every file, also where size and time say that it is unchanged. ``strict``: raise at an entry
    that cannot be read. ``prune``: remove documents of this source which it has no more, but those of files that ``protected``
    says the run left out. ``expunge``: free the index from replaced documents at the end; ``None``: where it has at most
    ``EXPUNGE_LIMIT``. ``parting``: which entries become several documents, the tiles of a scene or the pages of a file.
    ``rejected``: the file to which documents are written that the server refuses. ``reader``: reads the words in pictures, also
    in those that are in the index and were not read, or by another.
    """

    batch_size: int = 32
    workers: int | None = None
    max_file_megabytes: int = 256
    retry: Retry = field(default_factory=Retry)
    date_formats: tuple[str, ...] = ()
    source: str = ""
    checksum: bool = False
    strict: bool = False
    prune: bool = False
    protected: Callable[[str], bool] = lambda uri: False
    expunge: bool | None = False
    own_fields: bool = False
    describe: Describe | None = None
    parting: Parting | None = None
    rejected: Path | None = None
    reader: TextReader | None = None

    def __post_init__(self) -> None:
        DateReader(formats=self.date_formats)
        for name, value in (("batch size", self.batch_size), ("workers", self.workers or 1)):
            if not 1 <= value <= 4096:
                raise InvalidOption(f"{name} {value} cannot be used; give a number from 1 to 4096")
        if self.prune and not self.source:
            raise InvalidOption("only the documents of a named source can be pruned; give source a name")
