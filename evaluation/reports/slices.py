"""Where a model fails: its figures on the queries of each value of a column, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..bootstrap import intervals
from ..ranked import TEXT_TO_IMAGE, RankedPairs

#: Queries that a slice needs; of fewer, an interval says nothing.
LEAST = 20
FIGURE = "MRR@20"


@dataclass(frozen=True)
class Slice:
    """Captions whose pair has ``value`` in ``column``: ``mrr``, MRR@20 over the whole gallery, and its 95 % interval."""

    column: str
    value: str
    queries: int
    mrr: float
    low: float
    high: float
    rows: list[int] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON, without the rows."""
        fields = asdict(self)
        del fields["rows"]
        return fields


def slices(ranked: RankedPairs, columns: Mapping[str, Sequence[str]], least: int = LEAST) -> list[Slice]:
    """``columns``: name -> the value of each caption, "" for none. Values of fewer than ``least`` captions are left out."""
    queries = ranked.whole_gallery[TEXT_TO_IMAGE]
    values = queries.figures()[FIGURE]
    found = []
    for column, cells in columns.items():
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, cell in enumerate(cells):
            if cell:
                rows_of[cell].append(row)
        for cell, rows in rows_of.items():
            if len(rows) >= least:
                own = values[rows]
                (bounds,) = intervals(own[:, None], clusters=queries.clusters[rows]).tolist()
                found.append(Slice(column, cell, len(rows), float(np.mean(own)), bounds[0], bounds[1], rows))
    return sorted(found, key=lambda one: (one.mrr, -one.queries))


def slice_cells(found: Sequence[Slice]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns and the cells of a table; the first two columns are words."""
    cells = [
        [one.column, one.value, f"{one.queries:,}", f"{one.mrr:.3f}", f"{one.low:.3f}-{one.high:.3f}"] for one in found
    ]
    return ["column", "value, worst first", "queries", FIGURE, "95 %"], cells
