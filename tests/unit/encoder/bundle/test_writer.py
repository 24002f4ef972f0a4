from __future__ import annotations

import os
from pathlib import Path

import pytest
from clipseek.encoder import BundleError
from clipseek.encoder.bundle.writer import check_free, new_bundle

from tests.leftovers import dead_pid, left_by


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(out: Path, text: str = "new", *, force: bool = False) -> None:
    with new_bundle(out, force=force) as folder:
        (folder / "clipseek.json").write_text(text)


def test_appears_whole_when_the_block_ends(tmp_path: Path) -> None:
    out = tmp_path / "models" / "deep" / "bundle"
    with new_bundle(out) as folder:
        (folder / "clipseek.json").write_text("x")
        assert not out.exists()
    assert names(out) == ["clipseek.json"]
    assert names(out.parent) == ["bundle"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_when_the_block_fails(tmp_path: Path, failure: type[BaseException]) -> None:
    def write_half() -> None:
        with new_bundle(tmp_path / "models" / "bundle") as folder:
            (folder / "image.onnx").write_bytes(b"half of it")
            raise failure

    with pytest.raises(failure):
        write_half()
    assert names(tmp_path) == []


def test_a_failure_keeps_the_old_bundle(tmp_path: Path) -> None:
    fill(tmp_path / "bundle", "old")
    with pytest.raises(ValueError, match="no"), new_bundle(tmp_path / "bundle", force=True):
        raise ValueError("no")
    assert (tmp_path / "bundle" / "clipseek.json").read_text() == "old"
    assert names(tmp_path) == ["bundle"]


def test_force_replaces_a_bundle_whole(tmp_path: Path) -> None:
    fill(tmp_path / "bundle", "old")
    (tmp_path / "bundle" / "image.onnx").touch()
    with pytest.raises(BundleError, match="holds a bundle already; replace it with --force"):
        fill(tmp_path / "bundle")
    fill(tmp_path / "bundle", force=True)
    assert names(tmp_path) == ["bundle"]
    assert names(tmp_path / "bundle") == ["clipseek.json"]
    assert (tmp_path / "bundle" / "clipseek.json").read_text() == "new"


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    fill(tmp_path / "bundle")
    assert names(tmp_path / "bundle") == ["clipseek.json"]


@pytest.mark.parametrize("force", [False, True])
def test_other_things_are_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(BundleError, match="holds other things than a bundle"):
        check_free(tmp_path, force=force)
    with pytest.raises(BundleError, match="is a file"):
        fill(tmp_path / "thesis.txt", force=force)
    with pytest.raises(BundleError, match="cannot be made"):
        fill(tmp_path / "thesis.txt" / "bundle", force=force)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_a_link_goes_on_pointing(tmp_path: Path) -> None:
    fill(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    fill(tmp_path / "link", force=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "clipseek.json").read_text() == "new"


def test_what_a_killed_export_left_is_cleared_up(tmp_path: Path) -> None:
    bundle, dead = tmp_path / "bundle", dead_pid()
    bundle.mkdir()
    ours = [left_by(dead, bundle, "part"), left_by(dead, bundle, "old")]
    others = [left_by(os.getppid(), bundle, "part").name, ".bundle.part-notes", ".bundle.json"]
    for path in [*ours, *(tmp_path / name for name in others)]:
        path.mkdir()
    fill(bundle, "old", force=True)
    assert names(tmp_path) == sorted([*others, "bundle"])


def test_a_bundle_lost_between_two_renames_comes_back(tmp_path: Path) -> None:
    left = left_by(dead_pid(), tmp_path / "bundle", "old")
    left.mkdir()
    (left / "clipseek.json").write_text("old")
    with pytest.raises(ValueError, match="no"), new_bundle(tmp_path / "bundle"):
        raise ValueError("no")
    assert (tmp_path / "bundle" / "clipseek.json").read_text() == "old"


def test_names_with_glob_characters(tmp_path: Path) -> None:
    out = tmp_path / "b[1]*"
    fill(out)
    fill(out, "again", force=True)
    assert names(tmp_path) == ["b[1]*"]
