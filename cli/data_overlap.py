"""``clipseek data check --against``: what two sources have in common."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options.common import split_names
from .terminal.output import note, print_table
from .terminal.progress import ProgressLine

if TYPE_CHECKING:
    from clipseek.sources import Source
    from clipseek.training.data.overlap import Overlap
    from clipseek.training.data.survey import Survey

LISTED = 10  # of each kind
_NAMES = {
    "equal": "pictures of equal bytes",
    "near": "pictures nearly the same",
    "captions": "equal captions",
    "groups": "shared groups",
}


def other_source(source: Source, path: Path, split: str | None) -> Source:
    """``path`` read as ``source`` is, but for its splits; --exclude and --include hold for it where it is a folder."""
    from clipseek.sources import Splits

    if path != source.path:
        source = dataclasses.replace(source, path=path, layout="auto")
        if not path.is_dir():
            source = dataclasses.replace(source, exclude=(), include=())
    hint = "choose with --against-split, or leave it out"
    return dataclasses.replace(source, splits=Splits(split_names(split, "--against-split"), hint=hint))


def compare(surveyed: Survey, other: Source) -> tuple[Overlap, dict[str, Any]]:
    """What ``other`` shares with the source that was read; and the same for JSON. Raises UnusableData where ``other`` has no
    picture that can be read."""
    from clipseek.training.data.overlap import overlap
    from clipseek.training.data.survey import survey
    from clipseek.training.errors import UnusableData

    chosen = other.chosen()
    with ProgressLine(f"reading {other.path}") as line:
        there = survey(chosen, line.update)
    if splits := chosen.line():
        note(splits)
    if not there.readable:
        raise UnusableData(f"{other.path} has no readable picture; there is nothing to compare with")
    found = overlap(surveyed, there)
    return found, {"source": str(other.path), "split": chosen.read, **found.as_dict()}


def show_overlap(found: Overlap, source: Source, other: Source) -> None:
    """The table for a person on stdout, examples on stderr."""
    parts = [(_NAMES[name], shared) for name, shared in vars(found).items()]
    names = [f"of {_named(source)}", f"of {_named(other)}"]
    rows = [[name, f"{shared.here:,}", f"{shared.there:,}"] for name, shared in parts]
    print_table(["in both", *names], rows, right=names)
    for name, shared in parts:
        if shared.examples:
            note(f"{name}:")
        for example in shared.examples[:LISTED]:
            note("  " + " = ".join(" ".join(text.split())[:200] for text in example))
        if len(shared.examples) > LISTED:
            note(f"  … and {len(shared.examples) - LISTED:,} more")
    if found:
        note("what is trained on in one of them tells nothing when it is tested on in the other")


def _named(source: Source) -> str:
    """The source's name, with its splits where they were named."""
    return source.path.name + (f" ({', '.join(source.splits.names)})" if source.splits.names else "")


def against_options(command: Any) -> Any:
    """``--against`` and ``--against-split``."""
    for option in (
        click.option("--against-split", metavar="NAME[,NAME]", help="Splits of OTHER to compare with.  [default: all]"),
        click.option(
            "--against",
            type=click.Path(path_type=Path),
            metavar="OTHER",
            help="Source to compare SOURCE with: pictures, captions and groups that both have.",
        ),
    ):
        command = option(command)
    return command
