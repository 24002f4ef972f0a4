"""What ``clipseek ingest`` shows of a run: progress, skipped files, and the summary for people and for machines."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import count, data, duration, for_reader, note
from .progress import ProgressLine
from .skips import LISTED, LISTED_JSON, Skips, print_skips

if TYPE_CHECKING:
    from clipseek.encoder.run.fast_jpeg import JpegChoice
    from clipseek.opensearch.index.version import Version
    from clipseek.opensearch.ingest.report import Event, IngestReport, Shortened, UnfoundValue
    from clipseek.sources import Skipped


class Listener:
    """Draws the progress, keeps the first files that were skipped or shortened, and writes all of them to the report."""

    def __init__(self, report: Path | None, total: int | None) -> None:
        self.skips = Skips()
        self.shortened: list[Shortened] = []
        self._path, self._total = report, total

    def __enter__(self) -> Listener:
        try:
            self._file = self._path.open("w", encoding="utf-8") if self._path else None
        except OSError as problem:
            raise click.FileError(str(self._path), hint=problem.strerror) from None
        self._line = ProgressLine("ingest", self._total)
        return self

    def __exit__(self, *_: object) -> None:
        self._line.clear()
        if self._file:
            self._file.close()

    def __call__(self, event: Event) -> None:
        from clipseek.opensearch.ingest.report import Shortened, UnfoundValue
        from clipseek.sources import Skipped

        if isinstance(event, UnfoundValue):
            self._write(as_unfound(event))
            return
        if isinstance(event, (Skipped, Shortened)):
            if isinstance(event, Skipped):
                self.skips.add(event)
            elif len(self.shortened) < LISTED_JSON:
                self.shortened.append(event)
            self._write(as_skip(event))
            return
        parts = [f"{event.encoded / event.seconds:.1f} pictures/s"] if event.encoded and event.seconds else []
        counts = {"unchanged": event.unchanged, "updated": event.updated, "skipped": event.skipped.total()}
        parts += [f"{number:,} {word}" for word, number in counts.items() if number]
        self._line.update(event.seen, ", ".join(parts))

    def _write(self, line: dict[str, str]) -> None:
        if self._file:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")


def as_skip(skip: Skipped | Shortened) -> dict[str, str]:
    """One line of the report."""
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


def as_object(report: IngestReport, skips: Skips, shortened: list[Shortened]) -> dict[str, Any]:
    """The summary for machines."""
    facts = {name: value for name, value in vars(report).items() if name not in ("seen", "encoded")}
    facts.update(malformed=report.malformed, unfound=[vars(values) for values in report.unfound])
    for name in ("seconds", "encode_seconds"):
        facts[name] = round(facts[name], 3)
    rate = report.indexed / report.seconds if report.seconds else 0.0
    return {
        **facts,
        "pictures_per_second": round(rate, 2),
        "skips": list(map(as_skip, skips.kept)),
        "skips_left_out": skips.left_out,
        "shortened_files": list(map(as_skip, shortened)),
    }


def print_summary(report: IngestReport, skips: Skips, shortened: list[Shortened], source: Path) -> None:
    """The summary for people."""
    from clipseek.sources import shown

    if report.index is None:
        note(f"{shown(source)} holds no picture; nothing was written")
    else:
        data(f"index {report.alias} ({report.index}{', new' if report.created else ''}), {duration(report.seconds)}")
        rate = f"{report.indexed / report.seconds:.1f} pictures/s" if report.indexed and report.seconds else ""
        for number, word, remark in (
            (report.indexed, "indexed", rate),
            (report.updated, "updated", "caption, place or metadata changed; not encoded again"),
            (report.unchanged, "unchanged", "not encoded again"),
        ):
            if number or word == "indexed":
                data(f"{number:>9,} {word:<9} {remark}".rstrip())
    print_skips(skips)
    _print_shortened(report.shortened, shortened)
    for unfound in report.unfound:
        example = unfound.example if len(unfound.example) <= 40 else f"{unfound.example[:37]}..."
        note(
            f"{count(unfound.values, 'value')} of {unfound.column} kept and shown, but not found by a filter: {unfound.reason}, "
            f"like {example!r}"
        )
    if report.undeclared:
        names = ", ".join(report.undeclared[:12]) + (", ..." if len(report.undeclared) > 12 else "")
        note(f"kept, but not to filter by: {names}; declare columns with --keyword, --number or --date NAME")
    if report.unrecorded:
        note(f"this run is not recorded in clipseek-ingests, which dashboards draw: {report.unrecorded}")


def print_older(version: Version, source: Path, bundle: Path) -> None:
    """Of an index that an older clipseek made: what it cannot be given any more, and the command that makes one which has it."""
    if not version.analysis_lacks:
        return
    columns = (part for name, kind in version.fields.items() for part in (f"--{kind}", name))
    analyzer = () if version.analyzer == "english" else ("--analyzer", version.analyzer)
    zone = () if version.time_zone == "UTC" else ("--time-zone", version.time_zone)
    words = (
        "clipseek",
        "ingest",
        source,
        "--index",
        f"{version.alias}-2",
        "--model",
        bundle,
        *analyzer,
        *zone,
        *columns,
    )
    note(
        f"index {version.alias} was made by an older clipseek and keeps its analyzer: {version.analysis_lacks}. An index that has "
        f"today's: {shlex.join(map(str, words))}"
    )


def _print_shortened(kinds: Counter[str], files: Sequence[Shortened]) -> None:
    """How many pictures are there with a part left out, by kind, and the first of them."""
    from clipseek.sources import shown

    if not (total := kinds.total()):
        return
    data(f"{total:>9,} shortened {', '.join(f'{number:,} {kind}' for kind, number in kinds.items() if number)}")
    for entry in files[:LISTED]:
        reason = f": {entry.reason}" if entry.reason != entry.kind else ""
        data(f"          {for_reader(shown(entry.path))}{reason}")
    if total > LISTED:
        data(f"          and {total - LISTED:,} more; --report FILE lists them all")


def print_decoding(choice: JpegChoice, examined: int, least_cosine: float) -> None:
    """What --fast-jpeg found out on the first ``examined`` files."""
    if not choice.pictures:
        note(f"no large JPEG among the first {examined} files: all are decoded whole")
        return
    how = "whole" if choice.margin is None else f"at reduced size by {choice.decoder}"
    note(
        f"JPEGs are decoded {how}: at reduced size, {choice.pictures} of them have a cosine of at least {choice.cosine:.4f} "
        f"(limit {least_cosine}), {choice.speedup:.1f} times as fast"
    )
