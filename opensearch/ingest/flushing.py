"""Flushes while an index is filled, so that a server that is stopped has little to replay when it starts."""

from __future__ import annotations

import time

import opensearchpy

from ..bulk.writer import BulkWriter
from ..errors import OpenSearchError

#: Bytes of bulks after which the index is flushed, and the least time between two.
FLUSH_BYTES, FLUSH_SECONDS = 128 << 20, 20.0


class Flusher:
    """Flushes ``index`` by what ``writer`` has sent."""

    def __init__(self, client: opensearchpy.OpenSearch, index: str, writer: BulkWriter) -> None:
        self._client, self._index, self._writer = client, index, writer
        self._bytes, self._last = 0, time.monotonic()

    def maybe(self) -> None:
        """Flush, if enough was written since; a failure is no matter, for the next one does it all."""
        if self._writer.sent_bytes - self._bytes < FLUSH_BYTES or time.monotonic() - self._last < FLUSH_SECONDS:
            return
        self._bytes, self._last = self._writer.sent_bytes, time.monotonic()
        try:
            self._client.indices.flush(index=self._index, params={"wait_if_ongoing": "false"})
        except OpenSearchError:
            self._last += FLUSH_SECONDS

    def end(self) -> None:
        """Make all that was written searchable, and flush. Raises OpenSearchError."""
        self._client.indices.refresh(index=self._index)
        if self._writer.sent_bytes:
            self._client.indices.flush(index=self._index)
