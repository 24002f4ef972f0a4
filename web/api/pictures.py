"""The picture files of a request, and which part of each is meant."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence

from clipseek.encoder import Crop, ImageError
from clipseek.opensearch import QueryPicture
from clipseek.opensearch.query.limits import MAX_PARTS

from ..encoders import HeldPicture, SharedEncoder
from ..errors import Refused, not_understood
from .request.models import SentPicture, WeightedPicture


def sent_pictures(named: Sequence[SentPicture], uploads: Sequence[bytes]) -> list[QueryPicture]:
    """The ``named`` pictures, then the uploads that none of them is.

    Raises Refused where a picture has no file, no base64, or no such part, or there are too many.
    """
    meant = {picture.upload for picture in named}
    others = [place for place in range(len(uploads)) if place not in meant]
    if (number := len(named) + len(others)) > MAX_PARTS:
        raise not_understood(f"{number} pictures are too many; send at most {MAX_PARTS}")
    every = [*named, *(SentPicture(upload=place) for place in others)]
    return [QueryPicture(_bytes(one, uploads), _weight(one), _crop(one)) for one in every]


def loaded_pictures(encoder: SharedEncoder, pictures: Sequence[QueryPicture]) -> list[HeldPicture]:
    """The pictures as the encoder takes them. Raises Refused for one that cannot be read, with the reason."""
    loaded = []
    for place, picture in enumerate(pictures):
        try:
            loaded.append(encoder.load_picture(picture.data, picture.crop))
        except ValueError as problem:
            raise unreadable(f"picture {place} cannot be read ({problem}); send another") from None
    return loaded


def unreadable(why: str) -> Refused:
    return Refused(422, "invalid-picture", "The picture cannot be read", why)


def _weight(picture: SentPicture) -> float:
    return picture.weight if isinstance(picture, WeightedPicture) else 1.0


def _crop(picture: SentPicture) -> Crop | None:
    if picture.crop is None:
        return None
    try:
        return Crop(*picture.crop, "fractions")
    except ImageError as problem:
        raise not_understood(str(problem)) from None


def _bytes(picture: SentPicture, uploads: Sequence[bytes]) -> bytes:
    if (picture.data is None) == (picture.upload is None):
        raise not_understood("a picture has data or upload; give one of the two")
    if picture.upload is not None:
        if picture.upload < len(uploads):
            return uploads[picture.upload]
        raise not_understood(
            f"upload {picture.upload} is not among the {len(uploads)} files; send it as a part named upload"
        )
    try:
        return b64decode(picture.data or "", validate=True)
    except (binascii.Error, ValueError):
        raise not_understood("a picture's data is not base64; encode the file's bytes") from None
