"""An open encoder never takes another model's files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, ClipEncoder
from clipseek.encoder.bundle.files import FILES, PATCHES, weights_file
from clipseek.encoder.bundle.unchanged import same_file
from clipseek.encoder.bundle.writer import new_bundle, write_passport

from tests.graphs import graph
from tests.models import make_tiny_bundle, make_tiny_clip
from tests.unit.encoder.bundle.test_bundle import FACTS

NAMES = (*FILES, PATCHES)


def write_bundle(folder: Path, content: str) -> None:
    """Towers of mere bytes, with weights beside one and patches."""
    for name in (*NAMES, "image.onnx_data"):
        (folder / name).write_bytes(graph(f"{content} {name}" * 100))
    write_passport(folder, FACTS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "bundle"
    path.mkdir()
    write_bundle(path, "old")
    return path


def replaced_whole(folder: Path, name: str) -> None:
    """As ``clipseek export-onnx --force`` does; sizes stay."""
    with new_bundle(folder, force=True) as part:
        write_bundle(part, "new")


def written_over(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(file.read_bytes().replace(b"old", b"new"))


def swapped(folder: Path, name: str) -> None:
    """Another file with the same size and times."""
    file, other = folder / name, folder / "other"
    other.write_bytes(file.read_bytes().replace(b"old", b"new"))
    shutil.copystat(file, other)
    other.replace(file)


def written_back_in_time(folder: Path, name: str) -> None:
    """In place: the same file by number, size and times."""
    file = folder / name
    before = file.stat()
    written_over(folder, name)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def linked(folder: Path, name: str) -> None:
    """A link to another model's file."""
    other = folder.with_name("elsewhere")
    other.write_bytes((folder / name).read_bytes().replace(b"old", b"new"))
    (folder / name).unlink()
    (folder / name).symlink_to(other)


def renamed(folder: Path, name: str) -> None:
    """The folder, and another model's in its place."""
    folder.rename(folder.with_name("before"))
    folder.mkdir()
    write_bundle(folder, "new")


def removed(folder: Path, name: str) -> None:
    (folder / name).unlink()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change", [replaced_whole, written_over, swapped, written_back_in_time, linked, renamed, removed]
)
def test_what_was_put_in_a_files_place_is_refused(folder: Path, name: str, change: Callable[[Path, str], None]) -> None:
    bundle = Bundle.load(folder)
    with same_file(bundle, name) as path:
        assert path == folder / name
    change(folder, name)
    with (
        pytest.raises(
            BundleError, match=f"{name} was replaced or removed after model {bundle.fingerprint[:8]}"
        ) as caught,
        same_file(bundle, name),
    ):
        pytest.fail("the file was given out")
    assert "\n" not in str(caught.value)
    assert "start again" in str(caught.value)


@pytest.mark.parametrize("change", [written_over, swapped, removed])
def test_weights_beside_a_graph_go_with_it(folder: Path, change: Callable[[Path, str], None]) -> None:
    bundle = Bundle.load(folder)
    change(folder, weights_file(folder / "image.onnx").name)
    with pytest.raises(BundleError, match=r"image\.onnx_data was replaced or removed"), same_file(bundle, "image.onnx"):
        pass
    with same_file(bundle, "text.onnx"):
        pass


@pytest.mark.parametrize("change", [replaced_whole, written_over, written_back_in_time, removed])
def test_a_change_while_it_is_read_is_seen(folder: Path, change: Callable[[Path, str], None]) -> None:
    bundle = Bundle.load(folder)
    with pytest.raises(BundleError, match="was replaced or removed"), same_file(bundle, "text.onnx"):
        change(folder, "text.onnx")


def test_the_same_content_is_taken_however_it_came_there(folder: Path) -> None:
    bundle = Bundle.load(folder)
    os.utime(folder / "text.onnx", (1, 1))
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)
    for name in NAMES:
        with same_file(bundle, name) as path:
            assert path.is_file()


def test_a_folder_that_was_replaced_while_its_passport_was_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passport is the new one, then; so must the files be."""
    read = Path.read_text

    def late(path: Path, *given: str) -> str:
        if path.name == "clipseek.json":
            monkeypatch.setattr(Path, "read_text", read)
            replaced_whole(folder, "")
        return read(path, *given)

    monkeypatch.setattr(Path, "read_text", late)
    bundle = Bundle.load(folder)
    for name in NAMES:
        with same_file(bundle, name) as path:
            assert b"new " in path.read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_half_copied_folder_is_found_when_the_file_is_opened(folder: Path, name: str) -> None:
    """Sizes are those of the passport: only the hash tells, and it is asked before anything is read."""
    written_over(folder, name)
    bundle = Bundle.load(folder)
    with (
        pytest.raises(BundleError, match=f"{name} is not the file that was exported"),
        same_file(bundle, name),
    ):
        pytest.fail("the file was given out")


def test_a_backup_taken_while_it_is_read_is_no_change(folder: Path) -> None:
    bundle = Bundle.load(folder)
    with same_file(bundle, "text.onnx") as path:
        path.with_name("backup").hardlink_to(path)


def test_a_file_that_was_hashed_is_not_hashed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle.load(folder, verify=True)

    def refuse(path: Path) -> str:
        raise AssertionError(f"{path} was hashed again")

    monkeypatch.setattr("clipseek.encoder.bundle.unchanged.sha256", refuse)
    with same_file(bundle, "text.onnx"):
        pass


@pytest.mark.train
def test_a_tower_and_a_tokenizer_that_are_opened_late(tmp_path: Path) -> None:
    bundles = [
        make_tiny_bundle(make_tiny_clip(tmp_path / f"checkpoint{seed}", seed=seed), tmp_path / f"bundle{seed}")
        for seed in (0, 1)
    ]
    used = Bundle.load(shutil.copytree(bundles[0].path, tmp_path / "used"))
    open_before, open_after = ClipEncoder(used, device="cpu"), ClipEncoder(used, device="cpu")
    expected = open_before.encode_texts(["a red cat"])
    with new_bundle(used.path, force=True) as part:
        shutil.copytree(bundles[1].path, part, dirs_exist_ok=True)
    np.testing.assert_array_equal(open_before.encode_texts(["a red cat"]), expected)  # it is in memory
    for late in (lambda: open_after.encode_texts(["a red cat"]), lambda: open_before.warm_up("image")):
        with pytest.raises(BundleError, match="start again to use what is there now"):
            late()
    other = ClipEncoder(Bundle.load(used.path), device="cpu")
    assert other.fingerprint == bundles[1].fingerprint
    assert float(other.encode_texts(["a red cat"])[0] @ expected[0]) < 0.99
