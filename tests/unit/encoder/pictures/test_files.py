"""A picture's file read, or one line that says why not: never an exception, never a wait."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.encoder.pictures.files import read_picture
from clipseek.encoder.pictures.images import open_image
from clipseek.sources.tars.tar_member import tar_picture
from PIL import Image


def size(data: bytes) -> tuple[int, int]:
    return open_image(data).size


def test_what_decoding_makes_of_a_file(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", size) == (30, 20)


def test_a_picture_inside_a_tar_is_read_where_it_lies(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "shard.tar").write_bytes(b"head" + data)
    assert read_picture(tar_picture(tmp_path / "shard.tar", "a.png", 4, len(data)), size) == (30, 20)


def test_the_reason_is_the_files_or_the_decoders(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    assert read_picture(tmp_path / "gone.png", size) == "no such file"
    assert read_picture(tmp_path, size) == "a folder, not a file"
    assert read_picture(tmp_path / "empty.png", size) == "empty file"
    assert str(read_picture(tmp_path / "text.png", size)).startswith("not an image")
    assert read_picture(Path("a\0b"), size) == "embedded null byte"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert read_picture(tmp_path / "pipe.png", size) == "a named pipe, not a file"
