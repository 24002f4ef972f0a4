"""Zero-shot classification: which of some labels fits a picture best."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from clipseek.encoder import EncoderError
from clipseek.encoder.run.zero_shot import check_labels, label_vectors, softmax
from clipseek.opensearch.index.vectors import stored_vectors
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from ..errors import not_understood
from ..state import state_of
from .pictures import loaded_pictures, sent_pictures
from .request.body import Sent, body_in_openapi, sent
from .request.models import ClassifyRequest

#: Labels times templates: all are encoded, while the queries of others wait.
MAX_TEXTS = 512
router = APIRouter(tags=["model"])


class Classified(BaseModel):
    """A picture of the index by its id, or the picture file at that place among those sent."""

    id: str | None
    picture: int | None
    label: str = Field(description="The likeliest label.")
    probabilities: dict[str, float] = Field(
        description="Of each label. They sum to 1 over these labels, even if none fits."
    )


class Classification(BaseModel):
    """The pictures of the index, then the picture files, in their order."""

    labels: list[str]
    results: list[Classified]


@router.post("/indexes/{index}/classify", openapi_extra=body_in_openapi(ClassifyRequest))
def classify(
    index: str, body: Annotated[Sent[ClassifyRequest], Depends(sent(ClassifyRequest))], request: Request
) -> Classification:
    """A probability for each label, of picture files and of pictures of the index."""
    state, asked = state_of(request), body.fields
    version = state.opened(index).version
    labels = [" ".join(label.split()) for label in asked.labels]
    try:
        check_labels(labels, asked.templates)
    except EncoderError as problem:
        raise not_understood(str(problem)) from None
    if (count := len(labels) * len(asked.templates)) > MAX_TEXTS:
        raise not_understood(
            f"{len(labels)} labels in {len(asked.templates)} templates are {count:,} texts; give at most {MAX_TEXTS} in all"
        )
    pictures = sent_pictures(asked.pictures, body.uploads)
    if not asked.ids and not pictures:
        raise not_understood("there is nothing to classify; give ids, pictures, or both")
    stored = stored_vectors(state.client, version, asked.ids)
    encoder = state.encoder(version)
    loaded = loaded_pictures(encoder, pictures)
    rows = np.asarray([*(stored[name] for name in asked.ids), *encoder.encode_pictures(loaded)], np.float32)
    likeness = rows @ label_vectors(encoder.encode_texts, labels, asked.templates).T
    names = [*((name, None) for name in asked.ids), *((None, place) for place in range(len(pictures)))]
    results = [
        Classified(
            id=name,
            picture=place,
            label=labels[int(np.argmax(chances))],
            probabilities=dict(zip(labels, chances.tolist(), strict=True)),
        )
        for (name, place), chances in zip(names, softmax(encoder.logit_scale * likeness), strict=True)
    ]
    return Classification(labels=labels, results=results)
