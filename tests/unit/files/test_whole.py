from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from clipseek.files.claims import claim, clear_leftovers, hold, let_go, new_name
from clipseek.files.whole import naming, whole_file, whole_folder, write_whole


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
    dead = [new_name(tmp_path / name, "part") for name in ("state.pt", "best", "run")]
    dead[0].touch()
    for folder in dead[1:]:
        folder.mkdir()
    living = [new_name(tmp_path / name, "part") for name in ("state.pt", "best")]
    held = [claim(living[0]), claim(living[1], folder=True)]
    others = [tmp_path / name for name in (".state.pt.part", ".state.notes-12-3.part", ".a.clipseek-0.part")]
    for path in others:
        path.touch()
    link = new_name(tmp_path / "linked", "part")
    link.symlink_to(others[0])
    new_name(tmp_path / "last", "old").mkdir()  # killed between its two renames
    write_whole(tmp_path / "other.json", "{}")
    assert names(tmp_path) == sorted([*(path.name for path in (*living, *others, link)), "last", "other.json"])
    for one in held:
        let_go(one)


def test_an_old_folder_that_was_replaced_goes(tmp_path: Path) -> None:
    new_name(tmp_path / "best", "old").mkdir()
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


def test_where_a_file_system_keeps_no_locks_nobody_is_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = new_name(tmp_path / "best", "part")
    left.mkdir()

    def refuse(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("clipseek.files.claims.fcntl.flock", refuse)
    for name in ("a", "b"):
        with whole_folder(tmp_path / name) as folder:
            (folder / "weights").write_text(name)
    write_whole(tmp_path / "c", "x")
    assert names(tmp_path) == sorted([left.name, "a", "b", "c"])


def test_a_lock_is_of_one_holder(tmp_path: Path) -> None:
    first = hold(tmp_path)
    assert first is not None
    assert hold(tmp_path) is None
    let_go(first)
    again = hold(tmp_path)
    assert again is not None
    let_go(again)
    assert hold(tmp_path / "nowhere") is None


def test_folders_put_into_one_place_at_once_stay_whole(tmp_path: Path) -> None:
    """Each of several writers puts its own whole; the place is never mixed, nothing of the others is left."""

    def write(text: str) -> None:
        for _ in range(10):
            with whole_folder(tmp_path / "bundle") as folder:
                for number in range(3):
                    (folder / f"{number}").write_text(text)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == ["bundle"]
    assert len({path.read_text() for path in (tmp_path / "bundle").iterdir()}) == 1
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "bundle", replace=False):
        pass
    assert names(tmp_path) == ["bundle"]


def test_a_file_of_one_user_is_so_from_the_first_byte(tmp_path: Path) -> None:
    with whole_file(tmp_path / "secret", mode=0o600) as part:
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
        part.write_text("x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_what_cannot_be_cleared_stops_no_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = new_name(tmp_path / "state.pt", "part")
    left.touch()

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.exists():
            raise PermissionError(errno.EPERM, "another user's", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    write_whole(tmp_path / "a", "x")
    assert names(tmp_path) == sorted([left.name, "a"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_write_that_fails_names_its_file() -> None:
    with (
        Path("/dev/full").open("wb", 0) as file,
        pytest.raises(OSError, match="No space left") as caught,
        naming("report.jsonl"),
    ):
        file.write(b"line")
    assert caught.value.filename == "report.jsonl"
