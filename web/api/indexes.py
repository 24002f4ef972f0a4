"""What is served: the indexes, what they hold, and single pictures of them."""

from __future__ import annotations

from typing import Annotated, Literal

from clipseek.opensearch.errors import IndexMissing, IndexUnusable
from clipseek.opensearch.query.fields import OWN
from clipseek.opensearch.query.fusion import Mean, Technique
from clipseek.opensearch.search.browse import count_pictures
from clipseek.opensearch.search.hits import Hit
from clipseek.opensearch.search.index_defaults import Setting
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from ..errors import Refused
from ..state import State, state_of
from .addresses import Addresses
from .answer import HitAnswer, hit_answer

router = APIRouter(tags=["indexes"])


class FieldAnswer(BaseModel):
    """A field to filter, sort and count by."""

    name: str
    kind: Literal["keyword", "number", "date"]
    own: bool = Field(description="Whether every picture has it, instead of having been declared at ingest.")


class Calibration(BaseModel):
    """The index's cut-off, learnt by clipseek calibrate."""

    cosine: float = Field(description="A hit of words below it is no match.")
    false_positives: float | None = Field(description="The share of wrong hits that it lets through.")


class DefaultFusion(BaseModel):
    """How a hybrid is fused in this index where a search does not say."""

    technique: Technique
    mean: Mean
    weight: float = Field(description="Share of the vectors.")
    pipeline: str | None
    depth: int | None = Field(description="Candidates of each clause; null for 200, more for pages beyond.")
    ef_search: int | None
    complete: bool


class IndexAnswer(BaseModel):
    """One index: how much is in it, and what can be done with it."""

    name: str
    version: str = Field(description="Name of the index version behind the alias.")
    documents: int = Field(description="Pictures in it.")
    captions: bool = Field(description="Whether any picture has a caption.")
    dimension: int = Field(description="Length of its vectors.")
    model: str = Field(description="Fingerprint of the model that filled it.")
    fields: list[FieldAnswer]
    calibration: Calibration | None
    fusion: DefaultFusion
    heat_map: bool = Field(description="Whether its model can show where in a picture words are found.")
    embed: str | None = Field(
        default=None,
        description="Signed address of the thumbnails of all its pictures, for pages of the origin that was named with "
        "--embed-from; {id} stands for the id of a picture, percent-encoded.",
    )


class MissingIndex(BaseModel):
    """An index that is to be served, and cannot be."""

    name: str
    detail: str


class LoggingAnswer(BaseModel):
    """That searches and feedback on their hits are logged."""

    days: int = Field(description="Records are deleted after so many days.")


class IndexesAnswer(BaseModel):
    """The indexes that are served."""

    default: str = Field(description="The one to begin with.")
    pictures: bool = Field(description="Whether pictures are shown: folders were named for it.")
    logging: LoggingAnswer | None = Field(description="Null where no search is logged.")
    indexes: list[IndexAnswer]
    missing: list[MissingIndex]


@router.get("/indexes")
def indexes(request: Request) -> IndexesAnswer:
    """The indexes that are served, their fields, and how they are searched by default."""
    state = state_of(request)
    there, missing = [], []
    for alias in state.settings.indexes:
        try:
            answer = index_answer(state, alias)
            there.append(answer.model_copy(update={"embed": Addresses.of(request, alias).embedded_any()}))
        except (IndexMissing, IndexUnusable) as problem:
            why = "does not lead to one index that clipseek made"
            detail = f"there is no index {alias} yet; make one with: clipseek ingest SOURCE --index {alias}"
            missing.append(
                MissingIndex(name=alias, detail=detail if isinstance(problem, IndexMissing) else f"{alias} {why}")
            )
    log = state.settings.log
    return IndexesAnswer(
        default=state.settings.indexes[0],
        pictures=bool(state.settings.roots),
        logging=None if log is None else LoggingAnswer(days=log.days),
        indexes=there,
        missing=missing,
    )


@router.get("/indexes/{index}/picture")
def document(
    index: str,
    id: Annotated[str, Query(min_length=1, max_length=1024, description="Id of the picture.")],
    request: Request,
) -> HitAnswer:
    """What the index has of one picture."""
    return hit_answer(Addresses.of(request, index), known_picture(state_of(request), index, id), None, scored=False)


def known_picture(state: State, alias: str, name: str) -> Hit:
    """What the index has of the picture ``name``. Raises Refused where there is none."""
    found = state.opened(alias).searcher.look_up([name])
    if not found:
        raise Refused(
            404,
            "no-such-picture",
            "There is no such picture",
            f"no picture {name[:80]!r} in index {alias}; give the id of a hit",
        )
    return found[0]


def index_answer(state: State, alias: str) -> IndexAnswer:
    """What is in the index ``alias``. Raises the errors of ``State.opened``."""
    version = state.opened(alias).version
    documents, captioned = count_pictures(state.client, version)
    fusion = Setting.read(version.search).fusion
    own = {name: kind for name, kind in OWN.items() if name not in version.fields}
    cosine, rate = version.calibration.get("cosine"), version.calibration.get("rate")
    return IndexAnswer(
        name=alias,
        version=version.index,
        documents=documents,
        captions=captioned > 0,
        dimension=version.dimension,
        model=version.fingerprint,
        fields=[
            *(FieldAnswer(name=name, kind=kind, own=False) for name, kind in version.fields.items() if kind != "place"),
            *(FieldAnswer(name=name, kind=kind, own=True) for name, kind in own.items() if kind != "place"),
        ],
        calibration=None if cosine is None else Calibration(cosine=cosine, false_positives=rate),
        fusion=DefaultFusion(**{name: getattr(fusion, name) for name in DefaultFusion.model_fields}),
        heat_map=state.has_patches(version),
    )
