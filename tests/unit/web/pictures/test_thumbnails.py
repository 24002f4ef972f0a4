"""Thumbnails: small WebP, made once, kept within a limit, sent once, and shown elsewhere by signed links alone."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from clipseek.web.guard.signing import sign
from clipseek.web.pictures.cache import ThumbnailCache
from PIL import Image

from tests.unit.web.pictures.conftest import Shown, encoded


@pytest.mark.parametrize(
    ("size", "made"), [(160, (160, 107)), (320, (320, 213)), (640, (600, 400)), (1280, (600, 400))]
)
def test_a_thumbnail_is_as_large_as_asked_for_and_never_larger_than_the_picture(
    shown: Shown, size: int, made: tuple[int, int]
) -> None:
    name = shown.add("1", shown.root / "a.png", encoded("PNG"))
    answer = shown.client().get(f"/thumbnails/pictures?id={name}&size={size}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.size) == ("WEBP", made)


@pytest.mark.parametrize("size", ["0", "161", "4096", "-1", "x", "1e3"])
def test_other_sizes_are_refused(shown: Shown, size: str) -> None:
    name = shown.add("1", shown.root / "a.png", encoded("PNG"))
    answer = shown.client().get(f"/thumbnails/pictures?id={name}&size={size}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_thumbnail_is_made_once_for_all_copies_and_starts(
    shown: Shown, tmp_path: Path, count_decodings: Callable[[], int]
) -> None:
    data = encoded("JPEG")
    for name in ("1", "2"):
        shown.add(name, shown.root / f"{name}.jpg", data)
    bodies = set()
    for _ in range(2):
        client = shown.client(thumbnails=tmp_path / "thumbnails")
        bodies |= {client.get(f"/thumbnails/pictures?id={name}&size=160").content for name in ("1", "2")}
    assert len(bodies) == 1
    assert count_decodings() == 1
    assert stat.S_IMODE((tmp_path / "thumbnails").stat().st_mode) == 0o700


def test_an_etag_spares_decoding_and_sending(shown: Shown, count_decodings: Callable[[], int]) -> None:
    name, client = shown.add("1", shown.root / "a.jpg", encoded("JPEG")), shown.client()
    first = client.get(f"/thumbnails/pictures?id={name}&size=160")
    etag = first.headers["etag"]
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(f"/thumbnails/pictures?id={name}&size=160", headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(f"/thumbnails/pictures?id={name}&size=320", headers={"if-none-match": etag}).status_code == 200
    assert count_decodings() == 2
    (shown.root / "a.jpg").write_bytes(encoded("JPEG", size=(50, 50)))
    changed = client.get(f"/thumbnails/pictures?id={name}&size=160", headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert Image.open(io.BytesIO(changed.content)).size == (50, 50)


def test_the_cache_stays_within_its_limit_and_keeps_what_is_asked_for(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10_000)
    for number in range(30):
        key = f"{number:04}"
        cache.put(key, bytes(1000))
        os.utime(cache._path(key), (number, number))
        assert cache.get("0000") is not None  # asked for last, so it stays
        assert sum(path.stat().st_size for path in tmp_path.rglob("*.webp")) <= 10_000
    assert cache.get("0001") is None
    assert cache.get("0029") is not None


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "ab").write_text("no folder")
    cache = ThumbnailCache(tmp_path, 1000)
    cache.put("abc", b"x")
    assert cache.get("abc") is None


def test_a_signed_link_shows_one_thumbnail_to_one_origin(shown: Shown) -> None:
    name, other = (shown.add(name, shown.root / f"{name}.jpg", encoded("JPEG")) for name in ("a/1", "2"))
    key, origin = b"a key of thirty-two bytes or more", "https://dashboards.example"
    client = shown.client(token="a-token-of-this-test", key=key, embed_from=origin)
    signature = sign(key, "pictures", name)
    page = {"referer": f"{origin}/", "sec-fetch-site": "cross-site"}
    seen = client.get(f"/thumbnails/pictures?id={name}&size=160&signature={signature}", headers=page)
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/webp")
    assert seen.headers["cross-origin-resource-policy"] == "cross-origin"
    assert seen.headers["access-control-allow-origin"] == origin
    for path in (
        f"/thumbnails/pictures?id={other}&signature={signature}",
        f"/pictures/pictures?id={name}&signature={signature}",
        f"/api/v1/indexes?signature={signature}",
    ):
        refused = client.get(path, headers=page)
        assert refused.status_code == 403
        assert refused.headers["cross-origin-resource-policy"] == "same-origin"
    elsewhere = client.get(
        f"/thumbnails/pictures?id={name}&signature={signature}", headers={**page, "referer": "https://evil.example/"}
    )
    assert elsewhere.status_code == 403
    wrong_host = client.get(
        f"/thumbnails/pictures?id={name}&signature={signature}", headers={**page, "host": "evil.example"}
    )
    assert wrong_host.status_code == 421
