"""Originals by id: as they are where browsers show them, else as WebP, and nothing that is no picture or lies elsewhere."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest
from clipseek.files.unpacked import unpacked
from clipseek.web.guard.headers import DATA_POLICY
from clipseek.web.settings import Limits
from PIL import Image

from tests.pictures import huge_png
from tests.unit.web.pictures.conftest import Shown, encoded

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(document.domain)</script>"


def get(shown: Shown, name: str, more: str = "") -> tuple[int, str, bytes]:
    answer = shown.client().get(f"/pictures/pictures?id={name}{more}")
    if answer.status_code == 200:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == DATA_POLICY
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"].startswith("private")
    return answer.status_code, answer.headers["content-type"], answer.content


@pytest.mark.parametrize(
    ("kind", "suffix", "media"),
    [
        ("JPEG", "jpg", "image/jpeg"),
        ("PNG", "png", "image/png"),
        ("WEBP", "webp", "image/webp"),
        ("GIF", "gif", "image/gif"),
        ("PNG", "html", "image/png"),
        ("JPEG", "svg", "image/jpeg"),
    ],
)
def test_what_browsers_show_goes_out_as_it_is_by_its_content(shown: Shown, kind: str, suffix: str, media: str) -> None:
    data = encoded(kind)
    assert get(shown, shown.add("1", shown.root / f"a.{suffix}", data)) == (200, media, data)


@pytest.mark.parametrize(
    ("kind", "mode"), [("TIFF", "RGB"), ("BMP", "RGB"), ("JPEG2000", "RGB"), ("PNG", "I;16"), ("TIFF", "I;16")]
)
def test_the_rest_is_shown_as_webp_and_downloaded_as_it_is(shown: Shown, kind: str, mode: str) -> None:
    data = encoded(kind, mode)
    name = shown.add("1", shown.root / "a.bin", data)
    status, media, body = get(shown, name)
    assert (status, media) == (200, "image/webp")
    assert Image.open(io.BytesIO(body)).size == (600, 400)
    answer = shown.client().get(f"/pictures/pictures?id={name}&download=1")
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"].startswith(("image/", "application/octet-stream"))


@pytest.mark.parametrize("more", ["", "&download=1"])
@pytest.mark.parametrize("data", [SVG, HTML, b"", b"PNG", b"root:x:0:0:root\n", b"GIF89a<script>alert(1)</script>"])
@pytest.mark.parametrize("suffix", ["png", "svg", "html"])
def test_svg_html_and_text_are_never_sent(shown: Shown, data: bytes, suffix: str, more: str) -> None:
    name = shown.add("1", shown.root / f"a.{suffix}", data)
    status, media, body = get(shown, name, more)
    if data.startswith(b"GIF89a"):  # has the header of a GIF: nosniff and the sandbox make it harmless
        assert (status, media) in ((200, "image/gif"), (422, "application/problem+json"))
        return
    drawn = data == SVG and not more  # a drawing goes out as a picture of it
    assert (status, media) == ((200, "image/webp") if drawn else (422, "application/problem+json"))
    assert b"script" not in body


def test_a_bomb_is_refused_by_its_header(shown: Shown) -> None:
    name = shown.add("1", shown.root / "a.png", huge_png(20_000))
    assert get(shown, name)[:2] == (422, "application/problem+json")
    small = shown.client(limits=Limits(megapixels=0.1)).get(
        f"/pictures/pictures?id={shown.add('2', shown.root / 'b.png', encoded('PNG'))}"
    )
    assert small.status_code == 422
    assert "0.24 megapixels, the limit is 0.1" in small.json()["detail"]


def test_a_member_of_a_tar_goes_out_from_where_it_lies(shown: Shown) -> None:
    data = encoded("JPEG")
    archive = shown.root / "shard.tar"
    archive.write_bytes(b"\0" * 512 + data + b"\0" * 700)
    assert get(shown, shown.member("1", archive, 512, len(data))) == (200, "image/jpeg", data)
    assert get(shown, shown.member("2", archive, 512, 10**9))[0] == 404
    assert get(shown, shown.member("3", archive, 0, 500))[0] == 422


def test_a_member_of_a_compressed_tar_goes_out_of_the_cache(
    shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path / "cache"))
    data = encoded("JPEG")
    archive = shown.root / "shard.tar.gz"
    archive.write_bytes(gzip.compress(b"\0" * 512 + data + b"\0" * 700))
    name = shown.member("1", archive, 512, len(data))
    status, _, answer = get(shown, name)
    assert (status, b"ingest it again" in answer) == (404, True)  # nobody's request unpacks gigabytes
    unpacked(archive)
    assert get(shown, name) == (200, "image/jpeg", data)


@pytest.mark.parametrize("more", ["", "&download=1"])
def test_nothing_outside_of_the_roots_is_shown(shown: Shown, tmp_path: Path, more: str) -> None:
    secret = shown.outside / "secret.png"
    (shown.root / "link.png").symlink_to(secret)
    (shown.root / "folder").symlink_to(shown.outside)
    (tmp_path / "root-of-another").mkdir()
    (tmp_path / "root-of-another" / "a.png").write_bytes(encoded("PNG"))
    uris = {
        "absolute": secret.as_uri(),
        "dots": f"{shown.root.as_uri()}/../outside/secret.png",
        "encoded": f"{shown.root.as_uri()}/%2e%2e/outside/secret.png",
        "slashes": f"{shown.root.as_uri()}%2F..%2Foutside%2Fsecret.png",
        "link": (shown.root / "link.png").as_uri(),
        "folder": (shown.root / "folder" / "secret.png").as_uri(),
        "prefix": (tmp_path / "root-of-another" / "a.png").as_uri(),
        "archive": f"{secret.as_uri()}/x.jpg#archive=secret.png&bytes=0-100",
        "inside": f"{(shown.root / 'link.png').as_uri()}/x.jpg#archive=link.png&bytes=0-100",
        "passwords": "file:///etc/passwd",
    }
    for name, uri in uris.items():
        shown.server.documents[name] = {"image_uri": uri}
        assert get(shown, name, more)[:2] == (403, "application/problem+json"), name


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/a.png",
        "file://evil.example/a.png",
        "",
        "a.png",
        "file:a.png",
        "file:///%00",
    ],
)
def test_what_is_no_file_of_this_machine_is_not_fetched(shown: Shown, uri: str) -> None:
    shown.server.documents["1"] = {"image_uri": uri}
    assert get(shown, "1")[0] in (403, 404)


def test_a_file_outside_is_not_told_from_one_that_is_not_there(shown: Shown) -> None:
    there, missing = shown.add("1", shown.outside / "secret.png"), shown.add("2", shown.outside / "no.png")
    assert get(shown, there) == get(shown, missing)


def test_pipes_folders_and_devices_are_refused_at_once(shown: Shown) -> None:
    os.mkfifo(shown.root / "pipe.png")
    (shown.root / "folder.png").mkdir()
    (shown.root / "null.png").symlink_to("/dev/null")
    for name in ("pipe.png", "folder.png", "null.png"):
        assert get(shown, shown.add(name, shown.root / name))[0] == 403
    device = shown.client(Path("/dev")).get(f"/pictures/pictures?id={shown.add('zero', Path('/dev/zero'))}")
    assert device.status_code == 403


def test_a_link_that_stays_inside_is_followed(shown: Shown) -> None:
    data = encoded("PNG")
    (shown.root / "real.png").write_bytes(data)
    (shown.root / "link.png").symlink_to("real.png")
    assert get(shown, shown.add("1", shown.root / "link.png")) == (200, "image/png", data)


def test_a_picture_that_is_gone_or_unknown_is_a_clear_problem(shown: Shown) -> None:
    gone = shown.client().get(f"/pictures/pictures?id={shown.add('1', shown.root / 'gone.png')}")
    assert (gone.status_code, gone.json()["title"]) == (404, "The picture is not there")
    assert str(shown.root) not in gone.text
    unknown = shown.client().get("/pictures/pictures?id=../../etc/passwd")
    assert (unknown.status_code, unknown.json()["title"]) == (404, "There is no such picture")
    assert shown.client().get("/pictures/others?id=1").status_code == 404
    assert shown.client().get("/pictures/pictures").status_code == 422


def test_without_roots_pictures_are_off(shown: Shown) -> None:
    name = shown.add("1", shown.root / "a.png", encoded("PNG"))
    answer = shown.client(off=True).get(f"/pictures/pictures?id={name}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:clipseek:problem:pictures-off")


def test_an_etag_spares_sending_it_again_until_the_file_changes(shown: Shown) -> None:
    name, client = shown.add("1", shown.root / "a.png", encoded("PNG")), shown.client()
    first = client.get(f"/pictures/pictures?id={name}")
    again = client.get(f"/pictures/pictures?id={name}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (shown.root / "a.png").write_bytes(encoded("PNG", size=(20, 20)))
    changed = client.get(f"/pictures/pictures?id={name}", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200


def test_head_says_what_get_would(shown: Shown) -> None:
    data = encoded("PNG")
    name, client = shown.add("1", shown.root / "größe 名.png", data), shown.client()
    head = client.request("HEAD", f"/pictures/pictures?id={name}")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(data)), b"")
    assert "gr%C3%B6%C3%9Fe%20%E5%90%8D.png" in head.headers["content-disposition"]


def test_no_descriptor_is_left_open(shown: Shown) -> None:
    client = shown.client()
    names = [
        shown.add("1", shown.root / "a.png", encoded("PNG")),
        shown.add("2", shown.root / "b.tif", encoded("TIFF")),
        shown.add("3", shown.root / "c.png", SVG),
        shown.add("4", shown.root / "link"),
    ]
    (shown.root / "link").symlink_to(shown.outside / "secret.png")
    client.get("/pictures/pictures?id=1")
    before = len(os.listdir("/proc/self/fd"))
    for name in names * 3:
        for path in (
            f"/pictures/pictures?id={name}",
            f"/pictures/pictures?id={name}&download=1",
            f"/thumbnails/pictures?id={name}",
        ):
            client.get(path)
    assert len(os.listdir("/proc/self/fd")) <= before + 2
