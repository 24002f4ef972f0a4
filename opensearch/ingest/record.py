"""One document for each run of ``ingest``, in ``clipseek-ingests``: what became of it, in numbers, without words or paths."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import opensearchpy

from ..errors import OpenSearchError
from ..index.documents import timestamp
from ..index.own_records import INGESTS, open_records
from .report import REFUSED, IngestReport

#: The run is over: its record does not keep anybody waiting for a server that is gone.
_TIMEOUT_SECONDS = 10.0


@contextmanager
def recorded(client: opensearchpy.OpenSearch, report: IngestReport, model: str, source: str) -> Iterator[None]:
    """Write the record of the run inside, also where it is interrupted or fails. ``model``: fingerprint; ``source``: its kind.

    A record that cannot be written costs nobody the run: ``report.unrecorded`` says why.
    """
    at, began, state = timestamp(), time.monotonic(), "failed"
    try:
        yield
        state = "done"
    except (KeyboardInterrupt, SystemExit):
        state = "interrupted"
        raise
    finally:
        facts = record(report, time.monotonic() - began)
        body = {"at": at, "index": report.alias, "source": source, "model": model, "state": state, **facts}
        try:
            open_records(client, INGESTS)
            client.index(index=INGESTS, body=body, params={"request_timeout": _TIMEOUT_SECONDS})
        except OpenSearchError as problem:
            report.unrecorded = str(problem)


def record(report: IngestReport, seconds: float) -> dict[str, Any]:
    """The numbers of a run that took ``seconds``; ``rate`` is in entries a second."""
    reasons = {**report.skipped, REFUSED: report.rejected}
    return {
        "entries": report.seen,
        "indexed": report.indexed,
        "replaced": report.replaced,
        "joined": report.joined,
        "unchanged": report.unchanged,
        "skipped": report.skipped.total(),
        "rejected": report.rejected,
        "captions": report.captions,
        "captions_lost": report.captions_lost.total(),
        "seconds": round(seconds, 3),
        "rate": round(report.seen / seconds, 2) if seconds > 0 else 0.0,
        "reasons": [{"reason": reason, "count": count} for reason, count in reasons.items() if count],
    }
