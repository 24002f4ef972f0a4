from __future__ import annotations

import errno
from pathlib import Path

import pytest
from clipseek.opensearch.entries.seen import Seen


def test_the_first_file_of_an_id_and_the_keys_of_a_run() -> None:
    seen = Seen()
    assert seen.first("a", Path("one.png")) is None
    assert seen.first("a", Path("two.png")) == Path("one.png")
    assert (seen.number("n"), seen.number("n")) == (0, 1)
    seen.add_key("k")
    assert seen.has_key("k")
    assert not seen.has_key("l")
    seen.close()


def test_a_full_disk_is_an_error_that_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    seen = Seen()
    seen._kept.execute("PRAGMA max_page_count = 8")  # SQLite says the same of it as of a full disk

    def fill() -> None:
        for number in range(5000):
            seen.first(str(number), Path(f"/pictures/{number}.png"))

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == f"a temporary file in {tmp_path}"
    seen.close()
