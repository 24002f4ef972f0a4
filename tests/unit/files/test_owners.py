"""Who else can change a file: owners and permissions of it, and of all above it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.files.owners import who_else

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a" / "b" / "file"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_what_is_this_users_alone(file: Path) -> None:
    assert who_else(file) is None
    assert who_else(file.parent / "not yet") is None


@pytest.mark.parametrize("above", range(3))
@pytest.mark.parametrize(("mode", "words"), [(0o777, "everybody can write to"), (0o775, "a group can write to")])
def test_what_others_may_write_to(file: Path, above: int, mode: int, words: str) -> None:
    place = [file, *file.parents][above]
    os.chown(place, -1, _other_group())
    place.chmod(mode)
    assert who_else(file) == f"{words} {place}"


def _other_group() -> int:
    """One that is not this user's own."""
    if os.geteuid() == 0:
        return 12345
    others = [group for group in os.getgroups() if group != os.getegid()]
    return others[0] if others else pytest.skip("this user has one group alone")


def test_a_sticky_folder_keeps_what_lies_in_it(file: Path) -> None:
    file.parents[1].chmod(0o1777)
    assert who_else(file) is None
    file.parent.chmod(0o1777)
    assert who_else(file) is None
    assert who_else(file.parent) == f"everybody can write to {file.parent}"  # itself, it takes anybody's file


def test_a_users_private_group_is_that_user(file: Path) -> None:
    """Made by a system whose umask is 002."""
    import grp

    group = grp.getgrgid(os.getegid())
    if group.gr_mem:
        pytest.skip("this user's group has other members")
    file.chmod(0o664)
    file.parent.chmod(0o775)
    assert who_else(file) is None


@as_root
@pytest.mark.parametrize("above", range(3))
def test_what_belongs_to_another_user(file: Path, above: int) -> None:
    place = [file, *file.parents][above]
    os.chown(place, 12345, -1)
    assert who_else(file) == f"{place} belongs to user 12345"


def test_a_link_is_as_safe_as_its_place_and_what_it_points_to(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert who_else(link) is None
    file.parent.chmod(0o777)
    assert who_else(link) == f"everybody can write to {file.parent}"
    file.parent.chmod(0o755)
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to(file)
    shared.chmod(0o777)
    assert who_else(shared / "link") == f"everybody can write to {shared}"


def test_a_link_to_a_sticky_folder(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link"
    link.symlink_to(file.parent)
    file.parent.chmod(0o1777)
    assert who_else(link / file.name) is None
    assert who_else(link) == f"everybody can write to {file.parent}"  # as without the link
    monkeypatch.chdir(file.parents[1])
    assert who_else(Path("b")) == f"everybody can write to {file.parent}"


@as_root
def test_anothers_link_in_a_sticky_folder(file: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    link = tmp_path / "link"
    link.symlink_to(file)
    os.chown(link, 12345, -1, follow_symlinks=False)
    assert who_else(link) == f"{link} belongs to user 12345"
