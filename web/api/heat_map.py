"""Where in a picture words are found."""

from __future__ import annotations

import io
from typing import Annotated

from clipseek.encoder import ClipEncoder, ImageError
from clipseek.encoder.pictures.files import MAX_MEGABYTES
from clipseek.encoder.run.explain import explain
from clipseek.opensearch import QueryPicture
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from ..errors import Refused, not_understood
from ..pictures.service import Pictures
from ..state import state_of
from .pictures import sent_pictures, unreadable
from .request.body import Sent, body_in_openapi, sent
from .request.models import HeatMapRequest

router = APIRouter(tags=["model"])
_WEBP = "image/webp"


@router.post(
    "/indexes/{index}/heatmap",
    openapi_extra=body_in_openapi(HeatMapRequest),
    response_class=Response,
    responses={
        200: {"description": "The heat map.", "content": {_WEBP: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def heat_map(
    index: str, body: Annotated[Sent[HeatMapRequest], Depends(sent(HeatMapRequest))], request: Request
) -> Response:
    """A picture under its heat, bright where it is most like the words: the square in its middle, which is what the model sees.

    Colours span the picture's own range, so that the brightest place may still be a poor match. Only models that were exported with
    `--explain` can tell (`heat_map` of the index); others answer 409.
    """
    state = state_of(request)
    version = state.opened(index).version
    if not state.has_patches(version):
        raise Refused(
            409,
            "no-heat-map",
            "This model has no heat map",
            "the index's model was exported without its patches; export it again with: clipseek export-onnx --explain",
        )
    picture = _picture(index, body, request.app.state.pictures)
    encoder = state.encoder(version).encoder
    assert isinstance(encoder, ClipEncoder)  # a bundle has patches, and nothing else
    try:
        found = explain(encoder, picture.data, body.fields.text, picture.crop)
    except ImageError as problem:
        raise unreadable(f"the picture cannot be read ({problem}); name another") from None
    stream = io.BytesIO()
    found.over().save(stream, "WEBP", quality=88)
    return Response(stream.getvalue(), media_type=_WEBP)


def _picture(index: str, body: Sent[HeatMapRequest], pictures: Pictures) -> QueryPicture:
    """The picture of the index, or the one that was sent. Raises Refused for none, for both, and for one that is not shown."""
    files = sent_pictures(body.fields.pictures, body.uploads)
    if len(files) + (body.fields.id is not None) != 1:
        raise not_understood("a heat map is of one picture; give an id, or one picture file")
    if body.fields.id is None:
        return files[0]
    original = pictures.original(index, body.fields.id)
    with original.window as window:
        if window.size > MAX_MEGABYTES * 1e6:
            raise unreadable(f"its file has {window.size / 1e6:.0f} MB, the limit is {MAX_MEGABYTES:g}; name another")
        window.seek(0)
        return QueryPicture(window.read(window.size) or b"", crop=original.crop)
