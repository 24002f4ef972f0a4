"""Vectors of texts and pictures, for programs that search or compare by themselves."""

from __future__ import annotations

from typing import Annotated

from clipseek.opensearch.index.version import Version
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from ..errors import Refused, not_understood
from ..state import state_of
from .pictures import loaded_pictures, sent_pictures
from .request.body import Sent, body_in_openapi, sent
from .request.models import EncodeRequest

router = APIRouter(tags=["model"])


class Vectors(BaseModel):
    """Unit vectors, in the order of what was sent; the uploads that no picture names come last."""

    fingerprint: str = Field(description="Of the model: only vectors of one model can be compared.")
    dimension: int
    texts: list[list[float]]
    pictures: list[list[float]]


def check_fingerprint(asked: str | None, version: Version) -> None:
    """Raise Refused (409) where the caller's vectors are another model's than the index's."""
    if asked not in (None, version.fingerprint):
        raise Refused(
            409,
            "model-mismatch",
            "Another model is served",
            f"model {str(asked)[:8]} was asked for, this index has {version.fingerprint[:8]}; name an index that the "
            "model filled, or take these vectors for none of yours",
        )


@router.post("/encode", openapi_extra=body_in_openapi(EncodeRequest))
def encode(body: Annotated[Sent[EncodeRequest], Depends(sent(EncodeRequest))], request: Request) -> Vectors:
    """The vectors of texts and pictures, by the model of an index."""
    state, asked = state_of(request), body.fields
    version = state.opened(asked.index or state.settings.indexes[0]).version
    check_fingerprint(asked.fingerprint, version)
    pictures = sent_pictures(asked.pictures, body.uploads)
    if not asked.texts and not pictures:
        raise not_understood("there is nothing to encode; give texts, pictures, or both")
    encoder = state.encoder(version)
    loaded = loaded_pictures(encoder, pictures)
    return Vectors(
        fingerprint=version.fingerprint,
        dimension=version.dimension,
        texts=encoder.encode_texts(asked.texts).tolist(),
        pictures=encoder.encode_pictures(loaded).tolist(),
    )
