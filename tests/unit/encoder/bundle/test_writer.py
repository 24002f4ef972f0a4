from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from clipseek.encoder import BundleError
from clipseek.encoder.bundle.bundle import Bundle
from clipseek.encoder.bundle.files import FILES
from clipseek.encoder.bundle.writer import check_free, new_bundle
from clipseek.files.claims import claim, let_go, new_name


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
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    living = new_name(bundle, "part")
    held = claim(living, folder=True)
    others = [".bundle.part-notes", ".bundle.json"]
    for path in [new_name(bundle, "part"), new_name(bundle, "old"), *(tmp_path / name for name in others)]:
        path.mkdir()
    fill(bundle, "old", force=True)
    assert names(tmp_path) == sorted([*others, living.name, "bundle"])
    let_go(held)


def test_a_bundle_lost_between_two_renames_comes_back(tmp_path: Path) -> None:
    left = new_name(tmp_path / "bundle", "old")
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


#: Writes a bundle whose files all hold its word: it says so before the last, and goes on when it is told to.
_WRITER = """
import sys
from pathlib import Path
from clipseek.encoder.bundle.writer import new_bundle, write_passport
from tests.graphs import graph
from tests.unit.encoder.bundle.test_bundle import FACTS
out, word, force = sys.argv[1:]
with new_bundle(out, force=force == "force") as folder:
    for name in ("image.onnx", "text.onnx", "tokenizer.json"):
        (folder / name).write_bytes(graph(word))
        print(name, flush=True)
        sys.stdin.readline()
    write_passport(folder, FACTS)
"""


def apart(*words: str) -> list[str]:
    """In a namespace of process ids of its own, as in a container: each is process 1, on a machine of one name."""
    plain = [sys.executable, "-c", _WRITER, *words]
    alone = ["unshare", "--pid", "--fork", "--kill-child"]
    able = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    return [*alone, *plain] if able else plain


@pytest.mark.parametrize("force", [False, True])
def test_two_writers_of_two_containers_never_mix(tmp_path: Path, force: bool) -> None:
    out = tmp_path / "bundle"
    word = "force" if force else "once"
    writers = [
        subprocess.Popen(apart(str(out), name, word), stdin=-1, stdout=-1, stderr=-1, text=True) for name in ("A", "B")
    ]
    for _ in FILES:  # in turn, file by file
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdin is not None
            assert writer.stdout.readline().strip() in FILES
            writer.stdin.write("\n")
            writer.stdin.flush()
    codes, errors = [], []
    for writer in writers:
        errors.append(writer.communicate(timeout=60)[1])
        codes.append(writer.returncode)
    bundle = Bundle.load(out, verify=True)
    assert len({(bundle.path / name).read_bytes() for name in FILES}) == 1
    assert names(tmp_path) == ["bundle"]
    if force:
        assert codes == [0, 0], errors
    else:
        assert sorted(codes) == [0, 1]
        assert any("holds a bundle already" in error for error in errors)
