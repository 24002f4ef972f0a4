"""The first files of a source, for who measures on them."""

from __future__ import annotations

from pathlib import Path

from clipseek.opensearch.entries.files import first_files
from clipseek.sources import Record, Skipped


def test_what_the_readable_ones_of_the_first_entries_hold(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.jpg").write_bytes(name.encode())
    (tmp_path / "large.jpg").write_bytes(b"x" * 11)
    names = ("a.jpg", "absent.jpg", "large.jpg", "b.jpg", "c.jpg")
    entries: list[Record | Skipped] = [Record(None, tmp_path / name) for name in names]
    entries.insert(0, Skipped(tmp_path / "notes.md", "not an image", "not an image"))
    assert list(first_files(entries, 5, 10)) == [b"a", b"b"]
