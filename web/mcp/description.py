"""What an index holds, and what it can be filtered by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Literal

from clipseek.opensearch import Page
from clipseek.opensearch.search.ends import field_ends
from pydantic import BaseModel, Field

from ..api.answer import FacetValue, facet_answer
from ..api.indexes import FieldAnswer, index_answer
from ..state import State
from .answers import counted, cut_values

#: Fields that are described with their values; further ones are named alone.
MAX_FIELDS = 40
_FACETS = 10  # of one request
#: Values that nearly every picture has for itself: not worth counting.
_SINGLE = ("image_id", "image_uri", "content_hash")


class DescribedField(BaseModel):
    """A field to filter, sort and count by."""

    name: str
    kind: Literal["keyword", "number", "date"]
    values: list[FacetValue] = Field(description="Of a keyword, its 20 most frequent values.")
    lowest: str | None = Field(description="Of a number or a date.")
    highest: str | None

    def line(self) -> str:
        ends = "" if self.lowest is None else f": {self.lowest} to {self.highest}"
        return f"{self.name} ({self.kind}){ends}" + (f": {counted(self.values)}" if self.values else "")


class IndexDescription(BaseModel):
    """How much is in an index, and what can be done with it."""

    index: str
    others: list[str] = Field(description="Further indexes that can be searched.")
    documents: int = Field(description="Pictures in it.")
    captions: bool = Field(description="Whether any picture has a caption.")
    time_zone: str = Field(description="Of dates without one.")
    cutoff: float | None = Field(
        description="Cosine below which a hit of words is no match; null where none was learnt."
    )
    pictures: bool = Field(description="Whether look_at_picture can show pictures.")
    fields: list[DescribedField]
    more_fields: int = Field(description="How many further fields there are.")

    def told(self) -> str:
        captions = "with" if self.captions else "without"
        shown = "can be looked at" if self.pictures else "cannot be looked at: no folder was named with --pictures"
        lines = [f"{self.index}: {self.documents:,} pictures, {captions} captions; they {shown}."]
        if self.others:
            lines.append(f"Other indexes: {', '.join(self.others)}.")
        if self.cutoff is not None:
            lines.append(f"Hits of words with a cosine below {self.cutoff:.3f} are no match.")
        lines += ["Fields to filter, sort and count by:", *(one.line() for one in self.fields)]
        if self.more_fields:
            lines.append(f"{self.more_fields} further fields are left out here.")
        return "\n".join(lines)


def describe(state: State, alias: str) -> IndexDescription:
    """Raises the errors of ``State.opened``, OpenSearchError where the server is away."""
    index, opened = index_answer(state, alias), state.opened(alias)
    fields = index.fields[:MAX_FIELDS]
    values = _values(state, alias, [one.name for one in fields if one.kind == "keyword" and one.name not in _SINGLE])
    ends = field_ends(state.client, opened.version, [one.name for one in fields if one.kind != "keyword"])
    return IndexDescription(
        index=alias,
        others=[other for other in state.settings.indexes if other != alias],
        documents=index.documents,
        captions=index.captions,
        time_zone=opened.version.time_zone,
        cutoff=None if index.calibration is None else index.calibration.cosine,
        pictures=bool(state.settings.roots),
        fields=[_described(one, values.get(one.name, []), ends.get(one.name, (None, None))) for one in fields],
        more_fields=len(index.fields) - len(fields),
    )


def _described(field: FieldAnswer, values: list[FacetValue], ends: tuple[str | None, str | None]) -> DescribedField:
    return DescribedField(name=field.name, kind=field.kind, values=cut_values(values), lowest=ends[0], highest=ends[1])


def _values(state: State, alias: str, names: Sequence[str]) -> dict[str, list[FacetValue]]:
    searcher, found, left = state.opened(alias).searcher, dict[str, list[FacetValue]](), iter(names)
    while part := tuple(islice(left, _FACETS)):
        found.update(facet_answer(searcher.browse(Page(size=1, facets=part)).facets))
    return found
