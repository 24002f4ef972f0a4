"""The vector of one query or document, as a connector of OpenSearch's ml-commons to a multimodal model asks for it."""

from __future__ import annotations

from typing import Annotated

from clipseek.opensearch.query.vectors import compose
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from ..errors import not_understood
from ..state import state_of
from .encode import check_fingerprint
from .pictures import loaded_pictures, sent_pictures
from .request.body import Sent, body_in_openapi, sent
from .request.models import NeuralRequest, SentPicture

router = APIRouter(tags=["model"])


class Embedding(BaseModel):
    """One unit vector."""

    embedding: list[float] = Field(description="As many numbers as the model's vectors have.")


@router.post("/indexes/{index}/neural", openapi_extra=body_in_openapi(NeuralRequest))
def neural(
    index: str, body: Annotated[Sent[NeuralRequest], Depends(sent(NeuralRequest))], request: Request
) -> Embedding:
    """The vector that a search of the index makes of these words, of this picture, or of both in equal shares."""
    state, asked = state_of(request), body.fields
    version = state.opened(index).version
    check_fingerprint(asked.fingerprint, version)
    text, image = absent_inputs(asked.inputText, asked.inputImage)
    if text is None and image is None:
        raise not_understood("there is nothing to encode; give inputText, inputImage, or both")
    encoder = state.encoder(version)
    rows = [] if text is None else list(encoder.encode_texts([text]))
    if image is not None:
        rows += list(encoder.encode_pictures(loaded_pictures(encoder, sent_pictures([SentPicture(data=image)], ()))))
    # Alone, it is the very row that ingest stores.
    vector = rows[0] if len(rows) == 1 else compose(rows[0], [(1.0, rows[1])])
    return Embedding(embedding=vector.tolist())


def absent_inputs(text: str | None, image: str | None) -> tuple[str | None, str | None]:
    """The two without what stands for an absent one.

    A ``neural`` query has JSON's null there, a ``text_image_embedding`` processor the string "null". Beside JSON's null, the string
    is a word that somebody searches for.
    """
    if image is None:
        return text or None, None
    return (None if text in ("null", "") else text), (None if image in ("null", "") else image)
