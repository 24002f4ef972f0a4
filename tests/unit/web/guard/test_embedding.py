"""A signed link shows one picture's thumbnails to one origin, and opens nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.web.guard.embedding import is_embedded
from clipseek.web.guard.signing import is_signed, sign, sign_all
from clipseek.web.settings import Access
from starlette.datastructures import Headers

KEY = b"a key of thirty-two bytes or more"
ORIGIN = "https://dashboards.example"
ACCESS = Access(token="t", key=KEY, embed_from=ORIGIN)
SIGNED = sign(KEY, "icons", "a/1")
REFERER = {"referer": f"{ORIGIN}/"}


def embedded(
    query: str = f"id=a/1&size=320&signature={SIGNED}",
    path: str = "/thumbnails/icons",
    headers: dict[str, str] = REFERER,
    method: str = "GET",
    access: Access = ACCESS,
) -> bool:
    scope: dict[str, Any] = {"method": method, "query_string": query.encode()}
    return is_embedded(access, path, scope, Headers(headers))


def test_a_signed_thumbnail_is_shown_to_that_origin() -> None:
    assert embedded()
    assert embedded(headers={"origin": ORIGIN})


@pytest.mark.parametrize(
    "other",
    [
        {"query": f"id=a/2&signature={SIGNED}"},
        {"query": "id=a/1&signature="},
        {"query": "id=a/1"},
        {"query": f"id=a/1&id=a/2&signature={SIGNED}"},
        {"query": f"id=a/1&signature={SIGNED}&signature={SIGNED}"},
        {"path": "/thumbnails/photos"},
        {"path": "/pictures/icons"},
        {"path": "/api/v1/indexes/icons/search"},
        {"method": "POST"},
        {"headers": {}},
        {"headers": {"referer": "https://evil.example/"}},
        {"headers": {"referer": f"{ORIGIN}.evil.example/"}},
        {"headers": {"origin": "https://evil.example", "referer": f"{ORIGIN}/"}},
        {"headers": {"origin": "null", "referer": f"{ORIGIN}/"}},
        {"access": Access(token="t", key=KEY)},
        {"access": Access(token="t", key=b"", embed_from=ORIGIN)},
        {"access": Access(token="t", key=b"another", embed_from=ORIGIN)},
    ],
)
def test_nothing_else_is(other: dict[str, Any]) -> None:
    assert not embedded(**other)


def test_a_link_of_an_index_shows_all_its_thumbnails_and_nothing_else() -> None:
    every = sign_all(KEY, "icons")
    assert embedded(query=f"id=a/1&signature={every}")
    assert embedded(query=f"id=b%2F2&size=160&signature={every}")
    others: list[dict[str, Any]] = [
        {"path": "/thumbnails/photos"},
        {"path": "/pictures/icons"},
        {"headers": {}},
        {"headers": {"referer": "https://evil.example/"}},
        {"access": Access(token="t", key=b"", embed_from=ORIGIN)},
        {"access": Access(token="t", key=b"another", embed_from=ORIGIN)},
    ]
    for other in others:
        assert not embedded(query=f"id=a/1&signature={every}", **other)


def test_index_and_id_cannot_run_into_each_other() -> None:
    assert sign(KEY, "a", 'b","c') != sign(KEY, 'a","b', "c")
    assert not is_signed(b"", "icons", "1", sign(b"", "icons", "1"))
