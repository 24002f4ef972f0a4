"""What ``clipseek ingest`` does with each event of a run: progress, the first files left out, the report's lines."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from clipseek.files.whole import naming

from .output import count, note
from .progress import ProgressLine
from .skips import LISTED_JSON, Skips

if TYPE_CHECKING:
    from clipseek.opensearch.ingest.report import Ended, Event, IngestReport, Shortened, UnfoundValue
    from clipseek.opensearch.server.retry import Retried
    from clipseek.sources import Skipped

#: Lines about requests that are sent again: at most one in this time.
RETRY_SECONDS = 2.0


class Listener:
    """Draws the progress, or writes it as JSON lines; keeps the first files that were left out or shortened; and writes a line for
    every entry to the report, which is there whole when the run has ended, however it ended.
    """

    def __init__(self, report: Path | None, total: int | None, *, log_json: bool = False) -> None:
        self.skips = Skips()
        self.shortened: list[Shortened] = []
        self.refused: list[Ended] = []
        self._path, self._total, self._log_json = report, total, log_json
        self._writes = log_json or report is not None
        self._retry_said = self._logged = float("-inf")
        self._file: IO[str] | None = None

    def __enter__(self) -> Listener:
        from clipseek.files.claims import claim, new_name

        if self._path is not None:
            # Written beside its place and moved there at the end: the report of the last run stays readable until then.
            self._part = new_name(Path(os.path.realpath(self._path)), "part")
            try:
                self._held = claim(self._part)
                self._file = self._part.open("w", encoding="utf-8")
            except OSError as problem:
                raise click.FileError(str(self._path), hint=problem.strerror) from None
        self._line = ProgressLine("ingest", self._total)
        return self

    def __exit__(self, *_: object) -> None:
        from clipseek.files.claims import let_go

        self._line.clear()
        if self._file is not None and self._path is not None:
            with ExitStack() as stack:
                stack.callback(let_go, self._held)
                stack.callback(self._part.unlink, missing_ok=True)
                stack.enter_context(naming(self._path))
                self._file.close()
                self._part.replace(os.path.realpath(self._path))

    def __call__(self, event: Event) -> None:
        from clipseek.opensearch.ingest.report import Ended, Pruning, Shortened, UnfoundValue
        from clipseek.opensearch.server.retry import Retried
        from clipseek.sources import Skipped

        if isinstance(event, Ended):
            if event.state == "rejected" and len(self.refused) < LISTED_JSON:
                self.refused.append(event)
            if self._writes:
                self._write(as_ended(event))
        elif isinstance(event, Skipped):
            self.skips.add(event)
            self._write({**as_skip(event), "outcome": "skipped"})
        elif isinstance(event, Shortened):
            if len(self.shortened) < LISTED_JSON:
                self.shortened.append(event)
            self._write(as_skip(event))
        elif isinstance(event, UnfoundValue):
            self._write(as_unfound(event))
        elif isinstance(event, Retried):
            self._retried(event)
        elif isinstance(event, Pruning):
            if event.number or self._log_json:
                self._say(
                    "pruning",
                    count(event.number, "document") + " to be removed: the source has them no more",
                    documents=event.number,
                )
        else:
            self._progress(event)

    def _progress(self, report: IngestReport) -> None:
        if self._log_json:
            if time.monotonic() - self._logged > ProgressLine.LINE_SECONDS:
                self._logged = time.monotonic()
                note(json.dumps({"event": "progress", **counts_of(report), "seconds": round(report.seconds, 1)}))
            return
        parts = [f"{report.encoded / report.seconds:.1f} pictures/s"] if report.encoded and report.seconds else []
        named = {"unchanged": report.unchanged, "replaced": report.replaced, "skipped": report.skipped.total()}
        parts += [f"{number:,} {word}" for word, number in named.items() if number]
        self._line.update(report.seen, ", ".join(parts))

    def _retried(self, event: Retried) -> None:
        if time.monotonic() - self._retry_said < RETRY_SECONDS and not self._log_json:
            return
        self._retry_said = time.monotonic()
        said = (
            f"{event.reason}; trying again in {event.seconds:.1f} s ({event.attempt} of {event.attempts} tries failed)"
        )
        self._say("retry", said, attempt=event.attempt, attempts=event.attempts, pause=round(event.seconds, 2))

    def _say(self, name: str, text: str, **facts: Any) -> None:
        if self._log_json:
            note(json.dumps({"event": name, "message": text, **facts}, ensure_ascii=False))
        else:
            self._line.note(text)

    def _write(self, line: dict[str, str]) -> None:
        if self._file is not None and self._path is not None:
            with naming(self._path):
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if self._log_json and line.get("outcome") in ("skipped", "rejected"):
            note(json.dumps({"event": "entry", **line}, ensure_ascii=False))


REFUSED = "refused by the server"


def counts_of(report: IngestReport) -> dict[str, int]:
    """How the entries ended so far."""
    names = ("indexed", "replaced", "joined", "unchanged", "rejected")
    return {
        "entries": report.seen,
        **{name: getattr(report, name) for name in names},
        "skipped": report.skipped.total(),
    }


def as_ended(event: Ended) -> dict[str, str]:
    """One line of the report: an entry that is in the index, or was refused."""
    from clipseek.sources import shown

    line = {"file": shown(event.path), "outcome": event.state, "id": event.id}
    return {**line, "kind": REFUSED, "reason": event.reason} if event.reason else line


def as_skip(skip: Skipped | Shortened) -> dict[str, str]:
    """One line of the report: a file that was left out, or shortened."""
    from clipseek.sources import shown

    return {"file": shown(skip.path), "kind": skip.kind, "reason": skip.reason}


def as_unfound(value: UnfoundValue) -> dict[str, str]:
    """One line of the report: a value that no filter finds."""
    from clipseek.sources import shown

    return {
        "file": shown(value.path),
        "kind": "value",
        "reason": value.reason,
        "column": value.column,
        "value": value.value,
    }
