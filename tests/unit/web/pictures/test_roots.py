"""What is opened is what is checked, whoever changes the folder in between; an open file reads as a part of it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from clipseek.opensearch.index.image_uri import Place
from clipseek.web.errors import Refused
from clipseek.web.pictures.roots import Roots


def place(path: Path) -> Place:
    return Place(path, path.name)


def test_a_link_put_there_after_the_first_check_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.write_text("secret")
    picture = root / "a.png"
    picture.write_text("picture")
    roots, really_open, opened = Roots([root]), os.open, []

    def open_swapped(path: Path, flags: int) -> int:
        picture.unlink()
        picture.symlink_to(secret)
        opened.append(really_open(path, flags))
        return opened[-1]

    monkeypatch.setattr("clipseek.web.pictures.roots.os.open", open_swapped)
    with pytest.raises(Refused, match="outside of the folders"):
        roots.open(place(picture))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_a_root_that_is_a_link_itself_is_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").write_text("picture")
    (tmp_path / "root").symlink_to("real")
    for path in (tmp_path / "root" / "a.png", tmp_path / "real" / "a.png"):
        with Roots([tmp_path / "root"]).open(place(path)) as window:
            assert window.read() == b"picture"


def test_without_roots_nothing_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("picture")
    with pytest.raises(Refused):
        Roots([]).open(place(tmp_path / "a.png"))


def test_a_part_of_an_archive_reads_as_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "shard.tar").write_bytes(bytes(range(200)))
    with Roots([tmp_path]).open(Place(tmp_path / "shard.tar", "a.png", 50, 20)) as window:
        assert window.read(1000) == bytes(range(50, 70))
        assert (window.tell(), window.read(1)) == (20, b"")
        assert window.seek(-5, os.SEEK_END) == 15
        assert io.BufferedReader(window).read() == bytes(range(65, 70))
