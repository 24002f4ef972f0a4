"""Secrets lie where this user alone can read them, and what others could have written is no secret."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from clipseek.web.errors import ServeError
from clipseek.web.guard.secret_files import kept_secret, new_secret, private_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_secret_is_long_and_readable_by_its_user_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        folder = private_folder(tmp_path / "a" / "serve")
        first, second = new_secret(folder / "token"), new_secret(folder / "other")
    finally:
        os.umask(old)
    assert (mode(folder), mode(folder / "token")) == (0o700, 0o600)
    assert len(first) >= 43
    assert first != second
    assert (folder / "token").read_text() == f"{first}\n"


def test_each_start_makes_another(tmp_path: Path) -> None:
    assert new_secret(tmp_path / "token") != new_secret(tmp_path / "token")


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    (tmp_path / "token").symlink_to(tmp_path / "mine")
    new_secret(tmp_path / "token")
    assert (tmp_path / "mine").read_text() == "keep"
    assert not (tmp_path / "token").is_symlink()


def test_a_kept_secret_is_made_once(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "key") == kept_secret(tmp_path / "key")


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    (tmp_path / "serve").mkdir(mode=0o755)
    assert mode(private_folder(tmp_path / "serve")) == 0o700


def test_a_link_for_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "serve").symlink_to(tmp_path / "real")
    with pytest.raises(ServeError, match="is not a folder of this user"):
        private_folder(tmp_path / "serve")


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, bits: int) -> None:
    (tmp_path / "token").write_text("a-token-of-this-test\n")
    (tmp_path / "token").chmod(bits)
    with pytest.raises(ServeError, match="chmod 600"):
        kept_secret(tmp_path / "token")


@pytest.mark.parametrize(
    "text", ["", "short", "with a blank in it\n", "two-lines-of-16-chars\nanother-line-of-16\n", "ü" * 20]
)
def test_what_is_no_token_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    (tmp_path / "token").chmod(0o600)
    with pytest.raises(ServeError, match="holds no token") as refused:
        kept_secret(tmp_path / "token")
    assert not text.strip() or text.strip() not in str(refused.value)


def test_pipes_links_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "token").write_text("a-token-of-this-test\n")
    (tmp_path / "link").symlink_to(tmp_path / "token")
    for name in ("pipe", "link", "."):
        with pytest.raises(ServeError, match="plain file"):
            kept_secret(tmp_path / name)
