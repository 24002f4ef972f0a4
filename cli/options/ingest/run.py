"""The options of ``clipseek ingest`` that say how a run goes, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ..gathering import gathered
from ..paths import FilePath


@dataclass(frozen=True)
class RunOptions:
    """``retry``: a file of refused documents to send again, in place of a source; ``watch``: seconds between two runs; ``expunge``:
    None leaves it to the size of the index."""

    report: Path | None = None
    rejected: Path = Path("rejected.jsonl")
    retry: Path | None = None
    strict: bool = False
    checksum: bool = False
    prune: bool = False
    expunge: bool | None = None
    id_prefix: str = ""
    watch: float | None = None
    log_json: bool = False


_FILE = FilePath(dir_okay=False, path_type=Path)

#: The command gets ``run``, a RunOptions.
run_options = gathered(
    "run",
    RunOptions,
    click.option(
        "--report",
        type=_FILE,
        metavar="FILE",
        help="Write a JSON line for every entry of SOURCE: what became of it, its id, and the reason where it was left out; "
        "and one for every shortened caption and every value that no filter finds.",
    ),
    click.option(
        "--rejected",
        type=_FILE,
        default="rejected.jsonl",
        show_default=True,
        metavar="FILE",
        help="Keep documents that the server refuses in FILE; nothing is written without any.",
    ),
    click.option(
        "--retry",
        type=FilePath(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Send the documents kept by --rejected again, without SOURCE and without encoding them.",
    ),
    click.option(
        "--strict", is_flag=True, help="Stop at an entry that cannot be read; exit code 1 if any is left out."
    ),
    click.option("--checksum", is_flag=True, help="Read every file, also those whose size and time have not changed."),
    click.option("--prune", is_flag=True, help="Remove documents of SOURCE that it does not have any more."),
    click.option(
        "--expunge/--no-expunge",
        default=None,
        help="Free the index from replaced documents at the end, which still count in the scores of captions; its graph is built "
        "again.  [default: up to 200,000 documents]",
    ),
    click.option(
        "--id-prefix",
        default="",
        metavar="NAME",
        help="Begin the ids of SOURCE with NAME-, where another source in the index has the same ids.",
    ),
    click.option(
        "--watch",
        type=click.FloatRange(1),
        metavar="SECONDS",
        help="Go on after the run: look for changes of SOURCE every so many seconds, until Ctrl-C.",
    ),
    click.option(
        "--log-json", is_flag=True, help="Write progress, retries and entries left out as JSON lines on stderr."
    ),
)
