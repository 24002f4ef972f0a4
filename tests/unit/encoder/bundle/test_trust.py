"""The folder that an index names is opened only where this user trusts it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.encoder import BundleError
from clipseek.encoder.bundle.trust import check_trusted, trust, trust_list, trusted_folders

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config"
    monkeypatch.setenv("CLIPSEEK_CONFIG", str(path))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "bundle"
    path.mkdir(parents=True)
    (path / "image.onnx").touch()
    return path


def test_what_this_user_alone_can_change_is_opened(folder: Path, tmp_path: Path) -> None:
    check_trusted(folder, "icons")
    check_trusted(tmp_path / "nowhere", "icons")  # whoever reads it says that it is not there


@pytest.mark.parametrize("name", ["", "image.onnx", ".."])
def test_what_others_can_change_is_not(folder: Path, name: str) -> None:
    place = (folder / name).resolve()
    place.chmod(0o777)
    with pytest.raises(BundleError) as caught:
        check_trusted(folder, "icons")
    said = str(caught.value)
    assert said.startswith(
        f"index icons names the bundle {folder}, which is not opened, because everybody can write to"
    )
    assert f"--model {folder}" in said
    assert f"clipseek bundle trust {folder}" in said
    assert "\n" not in said


@as_root
def test_a_folder_of_another_user(folder: Path) -> None:
    os.chown(folder / "image.onnx", 12345, -1)
    with pytest.raises(BundleError, match=r"image\.onnx belongs to user 12345"):
        check_trusted(folder, "icons")


def test_a_path_that_depends_on_where_one_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    with pytest.raises(BundleError, match="'bundle', which is no whole path"):
        check_trusted(Path("bundle"), "icons")


@pytest.mark.parametrize("above", [0, 1])
def test_a_folder_on_the_list_is_opened_whoever_it_belongs_to(folder: Path, above: int, tmp_path: Path) -> None:
    folder.chmod(0o777)
    listed = [folder, folder.parent][above]
    assert trust(listed) == [listed]
    assert trust(listed) == trusted_folders() == [listed]
    check_trusted(folder, "icons")
    link = tmp_path / "link"
    link.symlink_to(folder)
    check_trusted(link, "icons")
    beside = folder.with_name("bundle2")
    beside.mkdir()
    beside.chmod(0o777)
    if not above:
        with pytest.raises(BundleError, match="is not opened"):
            check_trusted(beside, "icons")
    assert trust(listed, trusted=False) == []
    with pytest.raises(BundleError, match="is not opened"):
        check_trusted(folder, "icons")


def test_a_link_out_of_a_trusted_folder_leads_to_what_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    other.chmod(0o777)
    trust(folder.parent)
    (folder.parent / "link").symlink_to(other)
    with pytest.raises(BundleError, match=f"everybody can write to {other}"):
        check_trusted(folder.parent / "link", "icons")


def test_a_list_that_others_can_write_is_not_read(folder: Path) -> None:
    trust(folder)
    assert trust_list().stat().st_mode & 0o777 == 0o600
    trust_list().chmod(0o666)
    with pytest.raises(BundleError, match="trusted-bundles is not read: everybody can write to"):
        check_trusted(folder, "icons")


def test_what_cannot_be_listed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no folder at"):
        trust(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="is not on the list"):
        trust(folder, trusted=False)
    broken = tmp_path / "a\nb"
    broken.mkdir()
    with pytest.raises(BundleError, match="line break"):
        trust(broken)
    assert trusted_folders() == []
