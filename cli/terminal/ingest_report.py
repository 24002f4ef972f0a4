"""What ``clipseek ingest`` shows of a run that has ended: the summary, for people and for machines."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ingest_listener import REFUSED, as_ended, as_skip
from .output import count, data, duration, note
from .skips import print_first, print_skips, with_reason

if TYPE_CHECKING:
    from clipseek.opensearch.index.version import Version
    from clipseek.opensearch.ingest.report import Ended, IngestReport, Shortened

    from .ingest_listener import Listener


def as_object(report: IngestReport, listener: Listener) -> dict[str, Any]:
    """The summary for machines."""
    facts = {name: value for name, value in vars(report).items() if name not in ("seen", "encoded")}
    facts.update(malformed=report.malformed, unfound=[vars(values) for values in report.unfound])
    for name in ("seconds", "encode_seconds"):
        facts[name] = round(facts[name], 3)
    rate = report.encoded / report.seconds if report.seconds else 0.0
    return {
        "entries": report.seen,
        **facts,
        "left_out": report.left_out,
        "pictures_per_second": round(rate, 2),
        "skips": list(map(as_skip, listener.skips.kept)),
        "skips_left_out": listener.skips.left_out,
        "refused": list(map(as_ended, listener.refused)),
        "shortened_files": list(map(as_skip, listener.shortened)),
    }


def print_summary(report: IngestReport, listener: Listener, source: Path) -> None:
    """The summary for people."""
    from clipseek.sources import shown

    if report.index is None:
        note(f"{shown(source)} holds no picture; nothing was written")
    else:
        data(f"index {report.alias} ({report.index}{', new' if report.created else ''}), {duration(report.seconds)}")
        rate = f"{report.encoded / report.seconds:.1f} pictures/s" if report.encoded and report.seconds else ""
        again = f"{report.updated:,} of them not encoded again" if report.updated else ""
        for number, word, remark in (
            (report.indexed, "indexed", rate),
            (report.replaced, "replaced", again),
            (report.joined, "joined", "to the document of the same bytes"),
            (report.unchanged, "unchanged", "not encoded again"),
            (report.parts, "documents", f"of {count(report.parted, 'entry', 'entries')} of several parts"),
            (report.pruned, "pruned", "not in the source any more"),
        ):
            if number or word == "indexed":
                data(f"{number:>9,} {word:<9} {remark}".rstrip())
    print_skips(listener.skips)
    _print_refused(report, listener.refused)
    if report.texts_read or report.texts_passed_over:
        passed = f"; {report.texts_passed_over:,} DICOM passed over (--ocr-dicom)" if report.texts_passed_over else ""
        data(f"{report.texts_read:>9,} read by OCR, words found in {report.texts_found:,}{passed}")
    _print_shortened(report.shortened, listener.shortened)
    if lost := report.captions_lost:
        kinds = ", ".join(f"{number:,} of {kind}" for kind, number in lost.most_common())
        data(f"{lost.total():>9,} captions lost, {report.captions:,} searchable: {kinds}")
    _print_notes(report)


def print_left_out(report: IngestReport, strict: bool) -> None:
    """The last line: how many of the source's entries are not in the index, if any."""
    if report.left_out:
        code = "exit code 1, by --strict" if strict else "--strict makes that an error"
        data(f"left out: {report.left_out:,} of {count(report.seen, 'entry', 'entries')} ({code})")


def _print_notes(report: IngestReport) -> None:
    for unfound in report.unfound:
        example = unfound.example if len(unfound.example) <= 40 else f"{unfound.example[:37]}..."
        note(
            f"{count(unfound.values, 'value')} of {unfound.column} kept and shown, but not found by a filter: {unfound.reason}, "
            f"like {example!r}"
        )
    if report.undeclared:
        names = ", ".join(report.undeclared[:12]) + (", ..." if len(report.undeclared) > 12 else "")
        note(f"kept, but not to filter by: {names}; declare columns with --keyword, --number or --date NAME")
    for said in report.notes:
        note(said)
    if report.unrecorded:
        note(f"this run is not recorded in clipseek-ingests, which dashboards draw: {report.unrecorded}")


def print_older(version: Version, source: Path, bundle: Path) -> None:
    """Of an index that an older clipseek made: what it cannot be given any more, and the command that makes one which has it."""
    if not version.analysis_lacks:
        return
    columns = (part for name, kind in version.fields.items() if kind != "place" for part in (f"--{kind}", name))
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


def _print_refused(report: IngestReport, refused: Sequence[Ended]) -> None:
    """How many documents the server refused, and the first of them."""
    if report.rejected:
        data(f"{report.rejected:>9,} rejected  {REFUSED}")
        print_first(map(with_reason, refused), report.rejected)


def _print_shortened(kinds: Counter[str], files: Sequence[Shortened]) -> None:
    """How many pictures are there with a part left out, by kind, and the first of them."""
    if total := kinds.total():
        data(f"{total:>9,} shortened {', '.join(f'{number:,} {kind}' for kind, number in kinds.items() if number)}")
        print_first(map(with_reason, files), total)
