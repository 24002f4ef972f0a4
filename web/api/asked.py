"""What a request asks for, as the library's own values."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence

from clipseek.encoder import Crop, ImageError
from clipseek.opensearch import Fusion, Page, Query, QueryPicture, Searcher

from ..errors import Refused
from .models import PageRequest, SearchRequest, WeightedPicture


def asked_page(request: PageRequest, min_cosine: object = None) -> Page:
    """Raises InvalidOption for a page that cannot be reached."""
    return Page(
        size=request.size,
        start=request.start,
        sort=request.sort,
        facets=tuple(request.facets),
        group_duplicates=request.group == "duplicates",
        group_near=request.group == "near",
        min_cosine=min_cosine,  # type: ignore[arg-type]
    )


def asked_query(request: SearchRequest, uploads: Sequence[bytes] = ()) -> Query:
    """``uploads``: the files that came with the request. Raises InvalidOption where it makes no query."""
    return Query(
        text=request.text,
        texts=tuple((one.text, one.weight) for one in request.texts),
        pictures=tuple(
            QueryPicture(picture_bytes(one, uploads), one.weight, asked_crop(one)) for one in request.pictures
        ),
        like=tuple((one.id, one.weight) for one in request.like),
        unlike=tuple((one.id, one.weight) for one in request.unlike),
        unwanted=tuple(request.not_),
        not_weight=request.not_weight,
        text_weight=request.text_weight,
        kind=request.kind,
        match=request.match,
        exact=request.exact,
        split=request.split,
        filters=tuple(request.filters),
    )


def asked_fusion(request: SearchRequest, searcher: Searcher, query: Query, page: Page) -> Fusion:
    """The index's own fusion with what the request changes of it."""
    default = searcher.default_fusion(query, page)
    return default if request.fusion is None else default.changed(**request.fusion.model_dump())


def asked_crop(picture: WeightedPicture) -> Crop | None:
    """The part of the picture that is meant. Raises Refused for what is part of none."""
    if picture.crop is None:
        return None
    try:
        return Crop(*picture.crop, "fractions")
    except ImageError as problem:
        raise Refused(422, "invalid-request", "The request is not understood", str(problem)) from None


def picture_bytes(picture: WeightedPicture, uploads: Sequence[bytes]) -> bytes:
    """A picture's file. Raises Refused where the request has none for it."""
    if (picture.data is None) == (picture.upload is None):
        raise Refused(
            422, "invalid-request", "The request is not understood", "a picture has data or upload; give one of the two"
        )
    if picture.upload is not None:
        if picture.upload >= len(uploads):
            raise Refused(
                422,
                "invalid-request",
                "The request is not understood",
                f"upload {picture.upload} is not among the {len(uploads)} files; send it as a multipart part named upload",
            )
        return uploads[picture.upload]
    try:
        return b64decode(picture.data or "", validate=True)
    except (binascii.Error, ValueError):
        raise Refused(
            422,
            "invalid-request",
            "The request is not understood",
            "a picture's data is not base64; encode the file's bytes",
        ) from None
