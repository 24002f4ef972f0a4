from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.opensearch.entries.files import Unreadable, read_file, size_of
from clipseek.opensearch.index.image_uri import image_path, image_uri
from clipseek.sources import TarMember, tar_picture


@pytest.mark.parametrize("name", ["a.png", "a b%20c#?.png", "größe 名前.png", "tab\tline\n.png"])
def test_a_uri_leads_back_to_the_file(name: str) -> None:
    uri = image_uri(Path("/p") / name)
    assert uri.isascii()
    assert image_path(uri) == Path("/p") / name


def test_a_file_name_that_is_no_unicode_has_a_uri() -> None:
    path = Path(os.fsdecode(b"/p/caf\xe9.png"))
    assert image_uri(path) == "file:///p/caf%E9.png"
    assert image_path(image_uri(path)) == path
    assert image_path("https://host/a.png") is None


def test_relative_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert image_uri(Path("x/../a.png")) == (tmp_path / "a.png").as_uri()


def test_a_picture_inside_an_archive_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "a&b.tar").write_bytes(b"0123picture9")
    inside = tar_picture(tmp_path / "a&b.tar", "folder/käse #1.jpg", 4, 7)
    uri = image_uri(inside)
    assert uri.isascii()
    found = image_path(uri)
    assert isinstance(found, TarMember)
    assert (found, found.archive) == (inside, tmp_path / "a&b.tar")
    assert found.read_bytes() == read_file(found, 7) == b"picture"
    with pytest.raises(Unreadable, match="too large"):
        read_file(found, 6)
    assert size_of(found) == 7
