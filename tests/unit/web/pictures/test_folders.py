"""The folders that pictures lie in, named as few as can be and never a whole disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.web.pictures.folders import common_folders


@pytest.mark.parametrize(
    ("folders", "common"),
    [
        ([], []),
        (["/data/a"], ["/data/a"]),
        (["/data/a", "/data/a/b", "/data/a/c/d"], ["/data/a"]),
        (["/data/a/b", "/data/a/c"], ["/data/a"]),
        (["/data/a", "/srv/b"], ["/data/a", "/srv/b"]),
        (["/data/a/x", "/data/a/y", "/srv/b"], ["/data/a", "/srv/b"]),
        (["/home/me/a", "/home/me/b"], ["/home/me/a", "/home/me/b"]),
        (["/home/me/a/1", "/home/me/a/2", "/home/you/b"], ["/home/me/a", "/home/you/b"]),
        (["/pictures"], ["/pictures"]),
    ],
)
def test_what_folders_have_in_common(monkeypatch: pytest.MonkeyPatch, folders: list[str], common: list[str]) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert sorted(map(str, common_folders(map(Path, folders)))) == common
