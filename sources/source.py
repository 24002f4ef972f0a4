"""A source by name and layout, which can be read more than once: to count it, to draw samples, and to use it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .read import Layout, read_records, read_source
from .record import Record, Skipped

#: A source that takes longer to count is read without a total.
COUNTING_SECONDS = 2.0


@dataclass(frozen=True)
class Source:
    """``path`` and how it is read; iterating reads it from the beginning, as ``read_source`` does."""

    path: Path
    layout: Layout = "auto"
    image_column: str = "image"
    caption_column: str = "caption"
    id_column: str = "id"
    group_column: str = "group"

    def __iter__(self) -> Iterator[Record | Skipped]:
        return read_source(self.path, **self._reading())

    def records(self) -> Iterator[Record]:
        """As ``read_records``: without what is no picture."""
        return read_records(self.path, **self._reading())

    @property
    def repeatable(self) -> bool:
        """False for a pipe, like the shell's ``<(command)``: it gives what it has only once."""
        return self.path.is_file() or self.path.is_dir()

    def check(self) -> None:
        """Read the first record, so that a wrong path is reported at once. Raises SourceError."""
        if self.repeatable or not self.path.exists():
            next(self.records(), None)

    def count(self, seconds: float = COUNTING_SECONDS) -> int | None:
        """How many entries there are; None where that takes longer, fails, or would use a pipe up."""
        if not self.repeatable:
            return None
        until = time.monotonic() + seconds
        number = 0
        try:
            for number, _ in enumerate(self, 1):
                if number % 1000 == 0 and time.monotonic() > until:
                    return None
        except Exception:
            # Whoever reads the source for good meets the same failure, and reports it.
            return None
        return number

    def _reading(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "path"}
