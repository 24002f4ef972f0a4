from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from clipseek.files.whole import clear_leftovers, whole_file, whole_folder, write_whole

from tests.leftovers import dead_pid, left_by


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.png") as part:
        part.write_bytes(b"new")
        assert part.suffix == ".png"
        assert not (tmp_path / "a.png").exists()
    assert (tmp_path / "a.png").read_bytes() == b"new"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    (tmp_path / "a.txt").write_text("old")

    def write_half() -> None:
        with whole_file(tmp_path / "a.txt") as part:
            part.write_text("ha")
            raise failure

    with pytest.raises(failure):
        write_half()
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_text_is_utf8_and_lone_surrogates_are_question_marks(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "ä\udcff\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa4?\n"


def test_a_link_goes_on_pointing_and_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def test_a_pipe_is_written_directly(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_whole(tmp_path / "pipe", "through")
    reader.join(10)
    assert read == ["through"]
    assert names(tmp_path) == ["pipe"]


def test_long_names_fit(tmp_path: Path) -> None:
    name = "é" * 125 + ".html"
    write_whole(tmp_path / name, "x")
    assert names(tmp_path) == [name]


def test_a_full_disk_names_the_final_path(tmp_path: Path) -> None:
    # Bytes that do not fit: the system's error names no file at all.
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*/a\.txt'") as caught,
        whole_file(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError) as missing:
        write_whole(tmp_path / "nowhere" / "a.txt", "x")
    assert missing.value.filename == str(tmp_path / "nowhere" / "a.txt")
    with pytest.raises(OSError, match=r"weights\.onnx") as inside, whole_folder(tmp_path / "bundle") as folder:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / "weights.onnx"))
    assert inside.value.filename == str(tmp_path / "bundle" / "weights.onnx")
    assert names(tmp_path) == []


def test_another_error_keeps_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, whole_file(tmp_path / "a.txt"):
        (tmp_path / "other").read_text()
    assert caught.value.filename == str(tmp_path / "other")


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with whole_folder(tmp_path / "deep" / "best") as folder:
            (folder / text).mkdir()
            (folder / text / "weights").write_text(text)
    assert names(tmp_path / "deep") == ["best"]
    assert names(tmp_path / "deep" / "best") == ["new"]


def test_a_folder_that_fails_leaves_no_folder_above_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "deep" / "deeper" / "best") as folder:
        (folder / "nowhere" / "weights").write_text("half")
    assert names(tmp_path) == []
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError), whole_folder(tmp_path / "file"):
        pass
    assert names(tmp_path) == ["file"]


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    dead, living = dead_pid(), os.getppid()
    file, folder = left_by(dead, tmp_path / "state.pt", "part"), left_by(dead, tmp_path / "best", "part")
    kept = [left_by(living, tmp_path / "state.pt", "part").name, ".state.pt.part", ".state.notes-12-3.part"]
    for path in (file, *(tmp_path / name for name in kept)):
        path.touch()
    folder.mkdir()
    left_by(dead, tmp_path / "last", "old").mkdir()  # killed between its two renames
    write_whole(tmp_path / "other.json", "{}")
    assert names(tmp_path) == sorted([*kept, "last", "other.json"])


def test_an_old_folder_that_was_replaced_goes(tmp_path: Path) -> None:
    left_by(dead_pid(), tmp_path / "best", "old").mkdir()
    (tmp_path / "best").mkdir()
    clear_leftovers(tmp_path)
    assert names(tmp_path) == ["best"]


def test_threads_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    texts = [str(number) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=write_whole, args=(tmp_path / "a", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_text() in texts
    assert names(tmp_path) == ["a"]


def test_what_cannot_be_cleared_stops_no_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = left_by(dead_pid(), tmp_path / "state.pt", "part")
    left.touch()

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            raise PermissionError(errno.EPERM, "another user's", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    write_whole(tmp_path / "a", "x")
    assert names(tmp_path) == sorted([left.name, "a"])
