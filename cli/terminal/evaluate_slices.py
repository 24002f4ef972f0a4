"""``clipseek evaluate --by``: figures for each value of a column of the source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .output import data, note, print_table

if TYPE_CHECKING:
    from clipseek.evaluation.reports.slices import Slice
    from clipseek.training.data.pairs import Pairs


def cells_of(columns: Sequence[str], pairs: Pairs) -> dict[str, list[str]]:
    """Each column's value for each pair, "" for none. Raises UsageError for a column that no pair has."""
    found: dict[str, list[str]] = {}
    for column in columns:
        cells = [_cell(facts.get(column)) for facts in pairs.facts]
        if not any(cells) and column == "group":
            cells = list(pairs.groups)
        if not any(cells):
            names = ", ".join(sorted({"group", *(name for facts in pairs.facts for name in facts)}))
            raise click.UsageError(f"--by {column}: no pair has a value there; the source's columns are {names}")
        found[column] = cells
    return found


def _cell(value: object) -> str:
    """On one line; several values are one cell."""
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str("" if value is None else value)
    return " ".join(text.split())


def show_slices(columns: Sequence[str], found: Sequence[Slice]) -> None:
    """The table for a person, where columns were asked for."""
    from clipseek.evaluation.reports.slices import LEAST, slice_cells

    if not columns:
        return
    if not found:
        note(f"--by {', '.join(columns)}: no value has {LEAST} captions, so nothing is said of any")
        return
    names, cells = slice_cells(found)
    data("")
    print_table(names, cells, right=names[2:])
