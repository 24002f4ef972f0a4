"""What the tools answer: values for programs, and the same in lines of text; long ones are cut, and end with an ellipsis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from ..api.answer import FacetsAnswer, FacetValue, HitAnswer, SearchAnswer

_CAPTION, _VALUE, _METADATA = 500, 200, 1500
_CUT = " …"


class PictureAnswer(BaseModel):
    """One picture of the index."""

    id: str
    uri: str = Field(description="Where its file was when it was indexed.")
    caption: str
    text: str = Field(description="Words that were read in the picture; empty where none were.")
    width: int | None = Field(description="In pixels.")
    height: int | None
    metadata: dict[str, Any]

    def line(self) -> str:
        size = f" ({self.width} x {self.height})" if self.width and self.height else ""
        facts = "".join(f"; {name}={_written(value)}" for name, value in self.metadata.items())
        text = f"; words in the picture: {' '.join(self.text.split())}" if self.text else ""
        return f"{self.id}{size}: {self.caption or '(no caption)'}{text}{facts}"


class FoundPicture(PictureAnswer):
    """A hit, and why it is there."""

    rank: int = Field(description="Its place among all hits, from 1.")
    score: float | None = Field(description="What ranked it; null where nothing was searched for.")
    cosine: float | None = Field(description="Of its vector and the query's: 1 is the same.")
    relevant: bool | None = Field(description="Whether the cosine reaches the cut-off; null without one.")
    shares: dict[str, float] = Field(description="Each clause's part of the score, summing to 1.")

    def line(self) -> str:
        why = [] if self.score is None else [f"score {self.score:.3f}"]
        why += [] if self.cosine is None else [f"cosine {self.cosine:.3f}"]
        why += [f"{name} {share:.0%}" for name, share in self.shares.items() if len(self.shares) > 1]
        why += ["not relevant"] if self.relevant is False else []
        return f"{self.rank}. {super().line()}" + (f" [{', '.join(why)}]" if why else "")


class FoundAnswer(BaseModel):
    """The hits, best first."""

    index: str
    documents: int = Field(description="Pictures in the index.")
    matched: int = Field(description="Pictures that the search matched.")
    next_start: int | None = Field(description="Argument start of the next page; null on the last.")
    kind: Literal["caption", "vector", "hybrid", "browse"] = Field(
        description="What was searched; browse where there was nothing to search for, and the newest come first."
    )
    cutoff: float | None = Field(description="The cosine below which hits are marked as not relevant.")
    notes: list[str]
    hits: list[FoundPicture]

    def told(self) -> str:
        more = "" if self.next_start is None else f"; the next page has start {self.next_start}"
        head = f"{self.matched:,} of {self.documents:,} pictures in {self.index} match ({self.kind}){more}."
        return "\n".join([head, *(f"Note: {note}" for note in self.notes), *(hit.line() for hit in self.hits)])


class CountAnswer(BaseModel):
    """How many of the matched pictures have each value of a field."""

    index: str
    documents: int = Field(description="Pictures in the index.")
    matched: int = Field(description="Pictures that the search matched.")
    facets: dict[str, list[FacetValue]] = Field(description="Of each field, its 20 most frequent values.")

    def told(self) -> str:
        head = f"{self.matched:,} of {self.documents:,} pictures in {self.index} match."
        return "\n".join([head, *(f"{name}: {counted(values)}" for name, values in self.facets.items())])


class LookAnswer(PictureAnswer):
    """A picture of the index, and what of it is shown."""

    shown_width: int = Field(description="Of the picture as it is shown, in pixels.")
    shown_height: int
    shown_bytes: int

    def told(self) -> str:
        return f"{self.line()}\nFile: {self.uri}\nShown at {self.shown_width} x {self.shown_height}."


def found_answer(alias: str, answer: SearchAnswer) -> FoundAnswer:
    after = answer.start + len(answer.hits)
    return FoundAnswer(
        index=alias,
        documents=answer.documents,
        matched=answer.matched,
        next_start=after if answer.hits and after < answer.reachable else None,
        kind=answer.kind,
        cutoff=answer.cutoff,
        notes=answer.notes,
        hits=[_found(hit) for hit in answer.hits],
    )


def count_answer(alias: str, answer: FacetsAnswer) -> CountAnswer:
    facets = {name: cut_values(values) for name, values in answer.facets.items()}
    return CountAnswer(index=alias, documents=answer.documents, matched=answer.matched, facets=facets)


def look_answer(hit: HitAnswer, width: int, height: int, size: int) -> LookAnswer:
    return LookAnswer(**_picture(hit), shown_width=width, shown_height=height, shown_bytes=size)


def cut_values(values: list[FacetValue]) -> list[FacetValue]:
    return [FacetValue(value=cut(one.value, _VALUE), count=one.count) for one in values]


def counted(values: list[FacetValue]) -> str:
    return ", ".join(f"{one.value} ({one.count:,})" for one in values)


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + _CUT


def _found(hit: HitAnswer) -> FoundPicture:
    return FoundPicture(
        **_picture(hit),
        rank=hit.rank or 0,
        score=hit.score,
        cosine=hit.cosine,
        relevant=hit.relevant,
        shares=hit.shares,
    )


def _picture(hit: HitAnswer) -> dict[str, Any]:
    return {
        "id": hit.id,
        "uri": hit.uri,
        "caption": cut(hit.caption, _CAPTION),
        "text": cut(hit.text, _CAPTION),
        "width": hit.width,
        "height": hit.height,
        "metadata": _bounded(hit.metadata),
    }


def _bounded(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """As much of it as a model can read of one picture; what is left out is named."""
    kept: dict[str, Any] = {}
    held = 0
    for name, value in metadata.items():
        whole = _written(value)
        shown = value if len(whole) <= _VALUE else cut(whole, _VALUE)
        held += len(name) + min(len(whole), _VALUE)
        if held > _METADATA:
            kept["…"] = f"{len(metadata) - len(kept)} more fields"
            break
        kept[name] = shown
    return kept


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
