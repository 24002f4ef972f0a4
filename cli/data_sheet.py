"""``clipseek data check --sheet``: the odd pictures of a source, drawn as the model sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .data_show import as_seen, spec_of
from .options.paths import FilePath
from .terminal.output import count, note

if TYPE_CHECKING:
    from clipseek.training.data.survey import Survey

#: Pictures of one kind that are drawn.
DRAWN = 24

sheet_option = click.option(
    "--sheet",
    type=FilePath(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the odd pictures on an HTML page: scaled depth, no-data values, transparency, palettes, chosen pages, almost one "
    "colour, extreme shapes, and what cannot be read.",
)


def write_sheet(surveyed: Survey, target: Path) -> None:
    """The page: of each kind how many there are, and the first of them, each picture under its rarest kind."""
    from clipseek.files.whole import write_whole
    from clipseek.sheets.inspection import Inspected, grouped_sheet

    spec = spec_of(None, {})
    kinds = surveyed.odd_kinds()
    of_kind: dict[str, list[str]] = {kind: [] for kind in kinds}
    for name, odd in surveyed.odd.items():
        of_kind[min(odd, key=lambda kind: kinds[kind])].append(name)
    groups = []
    for kind, number in kinds.items():
        drawn = [as_seen(surveyed.odd_paths[name], spec) for name in of_kind[kind][:DRAWN]]
        groups.append((_title(number, kind, len(drawn)), drawn))
    if unreadable := surveyed.unreadable:
        refused = [Inspected(name, (reason,)) for name, reason in unreadable[:DRAWN]]
        groups.append((_title(len(unreadable), "unreadable", len(refused)), refused))
    total = f"{count(len(surveyed.odd), 'odd picture')} of {len(surveyed.readable):,}, {len(unreadable):,} unreadable"
    write_whole(target, grouped_sheet(groups, f"{total}; {spec.size} pixels, read by the usual choices"))
    note(f"{total}, on {target}")


def _title(number: int, kind: str, drawn: int) -> str:
    if drawn == number:
        return f"{number:,} x {kind}"
    rest = "the others stand under rarer kinds" if drawn < DRAWN else f"the first {drawn}"
    return f"{number:,} x {kind}, {rest if drawn else 'all under rarer kinds'}"
