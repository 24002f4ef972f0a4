"""The arguments of a tool as a request of the API, so that both find the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clipseek.opensearch.index.image_uri import Place

from ..api.request.body import Sent
from ..api.request.models import SearchRequest, SimilarRequest
from ..errors import not_understood
from ..pictures.roots import Roots
from ..settings import Settings
from .arguments import CountArguments, Narrowed, Paged, SearchArguments, SimilarArguments, Sought


def asked_search(asked: SearchArguments | CountArguments, settings: Settings) -> Sent[SearchRequest]:
    """Raises Refused for a picture that cannot be taken."""
    pictures, uploads = _pictures(asked, settings)
    sought: dict[str, Any] = {
        "text": asked.text,
        "not": asked.not_,
        "pictures": pictures,
        "like": [{"id": name} for name in asked.like],
        "unlike": [{"id": name} for name in asked.unlike],
        "kind": asked.kind,
    }
    if isinstance(asked, CountArguments):
        return Sent(SearchRequest(**sought, **_narrowed(asked), facets=asked.facets), uploads)
    return Sent(SearchRequest(**sought, **_paged(asked), min_cosine=asked.min_cosine), uploads)


def asked_similar(asked: SimilarArguments) -> SimilarRequest:
    return SimilarRequest(**_paged(asked), id=asked.id, near=asked.near)


def by_words_alone(asked: Sought) -> bool:
    """Whether words are searched for, and nothing else is."""
    others = (asked.not_, asked.picture_file, asked.picture_data, asked.like, asked.unlike)
    return bool(asked.text.strip()) and not any(others)


def _narrowed(asked: Narrowed) -> dict[str, Any]:
    return {"filters": asked.filters, "any": asked.any_, "time_zone": asked.time_zone}


def _paged(asked: Paged) -> dict[str, Any]:
    return {
        **_narrowed(asked),
        "size": asked.limit,
        "start": asked.start,
        "sort": asked.sort,
        "group": asked.group,
    }


def _pictures(asked: Sought, settings: Settings) -> tuple[list[dict[str, Any]], tuple[bytes, ...]]:
    """The pictures of a request, and the files that belong to it."""
    crop = None if asked.crop is None else tuple(asked.crop)
    if asked.picture_file is not None and asked.picture_data is not None:
        raise not_understood("picture_file and picture_data are two pictures; give one of them")
    if asked.picture_file is not None:
        return [{"upload": 0, "crop": crop}], (_file(asked.picture_file, settings),)
    if asked.picture_data is not None:
        data = asked.picture_data
        if data.startswith("data:"):
            data = data.partition(",")[2]
        return [{"data": data, "crop": crop}], ()
    if crop is not None:
        raise not_understood("crop is a part of picture_file or picture_data; give one of them, too")
    return [], ()


def _file(name: str, settings: Settings) -> bytes:
    """The file's bytes, where its picture may be shown: an agent can be talked into naming any file."""
    path = Path(name)
    if not path.is_absolute():
        raise not_understood(f"picture_file {name[:80]!r} is no absolute path; give all of it")
    with Roots(settings.roots).open(Place(path, path.name)) as window:
        most = settings.limits.request_bytes
        if window.size > most:
            raise not_understood(f"picture_file has {window.size:,} bytes; give one of at most {most:,}")
        return window.read(window.size) or b""
