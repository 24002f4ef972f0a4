from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest
from clipseek.files.cache import keep_latest, user_cache


def test_the_environment_names_the_cache_else_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(tmp_path))
    assert user_cache() == tmp_path
    monkeypatch.delenv("CLIPSEEK_CACHE")
    assert user_cache() == platformdirs.user_cache_path("clipseek")


def test_what_was_not_used_longest_goes(tmp_path: Path) -> None:
    for number, name in enumerate(("a.u8", "b.u8", "c.u8", "d.u8", "notes.json")):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (number, number))
    (tmp_path / ".e.clipseek-0123456789abcdef.part.u8").write_bytes(bytes(100))  # being written
    keep_latest(tmp_path, 250, tmp_path / "a.u8")  # used again just now
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.u8", "d.u8", "notes.json", ".e.clipseek-0123456789abcdef.part.u8"}
    keep_latest(tmp_path, 10, tmp_path / "a.u8")
    assert (tmp_path / "a.u8").is_file()
    assert not (tmp_path / "d.u8").exists()
    keep_latest(tmp_path / "nowhere", 10, tmp_path / "nowhere" / "x.u8")
