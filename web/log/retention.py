"""Records of searches are kept for some days: what is older is deleted when the service starts, and once a day from then on."""

from __future__ import annotations

import logging
import threading

import opensearchpy
from clipseek.opensearch.errors import OpenSearchError
from clipseek.opensearch.index.own_records import delete_older

from .indexes import LogIndexes

_LOG = logging.getLogger("clipseek.web")
_DAY, _HOUR = 24 * 3600.0, 3600.0


class Retention:
    """Deletes records of the aliases ``served`` that are older than ``days`` days out of the indexes ``logs``, in a thread of its
    own; an hour after a failure it tries again.
    """

    def __init__(self, client: opensearchpy.OpenSearch, logs: LogIndexes, served: tuple[str, ...], days: int) -> None:
        self._client, self._logs, self._served, self._days = client, logs, served, days
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="clipseek-retention", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Begin no further deletion; one that runs is the server's own and goes on there."""
        self._stop.set()

    def _work(self) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            try:
                for name in self._logs.kinds.values():
                    delete_older(self._client, name, self._days, self._served)
                wait = _DAY
            except OpenSearchError as problem:
                _LOG.warning("old records of searches could not be deleted, tried again in an hour: %s", problem)
                wait = _HOUR
