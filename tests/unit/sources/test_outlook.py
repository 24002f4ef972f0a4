from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from clipseek.sources import Skipped, read_source
from clipseek.sources.outlook import outlook


def test_entries_and_captions_add_up(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    rows = ["image\tcaption\tset", "a.png\tone\tx", "b.png\ttwo\tx", "a.png\tthree\tx", "b.png\t\u200b\tx"]
    rows += ["absent.png\tfour\tx", "empty.png\tfive\tx", "pipe.png\tsix\tx"]
    (tmp_path / "m.tsv").write_text("\n".join(rows))
    skipped: list[Skipped] = []
    found = outlook(read_source(tmp_path / "m.tsv"), skipped.append)
    assert (found.pictures, found.joined) == (2, 2)
    assert found.skipped == {"unreadable": 3, "caption that shows nothing": 1}
    assert found.entries == found.pictures + found.joined + found.skipped.total()
    assert (found.captions, found.with_captions) == (3, 2)
    assert found.captions + found.captions_lost.total() == len(rows) - 1
    assert [entry.reason for entry in skipped[1:]] == ["no such file", "empty file", "no regular file"]
    assert found.columns == {"set": 2}


def test_a_key_that_a_tar_has_twice_is_two_pictures(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, content in (("0.jpg", b"one"), ("0.txt", b"a"), ("0.jpg", b"two"), ("0.txt", b"b")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    found = outlook(read_source(tmp_path / "a.tar"))
    assert (found.pictures, found.joined, found.captions) == (2, 0, 2)
