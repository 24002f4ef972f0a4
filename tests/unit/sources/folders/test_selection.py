"""--exclude and --include."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from clipseek.sources import Record, Skipped, Source, SourceError

FILES = ("a.jpg", "a_thumb.jpg", "previews/b.jpg", "x/previews/c.png", "x/y/d.png", "x/[1].png")


def read(folder: Path, **patterns: tuple[str, ...]) -> tuple[set[str], dict[str, str]]:
    """Paths of the records, and path -> reason of what is skipped."""
    entries = list(Source(folder, **patterns))  # type: ignore[arg-type]
    records = {entry.image.relative_to(folder).as_posix() for entry in entries if isinstance(entry, Record)}
    return records, {e.path.relative_to(folder).as_posix(): e.reason for e in entries if isinstance(e, Skipped)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        (tmp_path / name).with_suffix(".txt").write_text("words")
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("*_thumb.jpg", {"a_thumb.jpg"}),
        ("a*", {"a.jpg", "a_thumb.jpg"}),
        ("?.jpg", {"a.jpg", "previews/b.jpg"}),
        ("[ab].jpg", {"a.jpg", "previews/b.jpg"}),
        ("[!a].jpg", {"previews/b.jpg"}),
        ("[[]1].png", {"x/[1].png"}),
        ("previews", {"previews/b.jpg", "x/previews/c.png"}),
        ("previews/", {"previews/b.jpg", "x/previews/c.png"}),
        ("/previews", {"previews/b.jpg"}),
        ("./previews/*", {"previews/b.jpg"}),
        ("x/*.png", {"x/[1].png"}),
        ("x/**/*.png", {"x/previews/c.png", "x/y/d.png", "x/[1].png"}),
        ("**/y", {"x/y/d.png"}),
        ("x/**", {"x/previews/c.png", "x/y/d.png", "x/[1].png"}),
        ("a.jpg/", set()),
        ("A.JPG", set()),
    ],
)
def test_a_pattern_leaves_out_or_takes(folder: Path, pattern: str, matched: set[str]) -> None:
    kept, reasons = read(folder, exclude=(pattern,))
    assert kept == set(FILES) - matched
    assert set(reasons.values()) <= {f"left out by --exclude {pattern}"}
    # Each is listed, or the folder that it lies in.
    assert all(any(f"{name}/".startswith(f"{listed}/") for listed in reasons) for name in matched)
    assert read(folder, include=(pattern,))[0] == matched


def test_both_together_and_several(folder: Path) -> None:
    kept, reasons = read(folder, include=("x", "a*"), exclude=("y/", "*_thumb*"))
    assert kept == {"a.jpg", "x/previews/c.png", "x/[1].png"}
    assert reasons == {
        "a_thumb.jpg": "left out by --exclude *_thumb*",
        "x/y": "left out by --exclude y/",
        "previews/b.jpg": "matches no --include",
    }


def test_composed_and_decomposed_names_match(tmp_path: Path) -> None:
    (tmp_path / unicodedata.normalize("NFD", "größe.jpg")).touch()
    assert read(tmp_path, exclude=("größe*",))[0] == set()


def test_the_pictures_of_a_known_layout_are_chosen_too(tmp_path: Path) -> None:
    (tmp_path / "train_captions.csv").write_text("ID,Caption\na,one\nb,two\n")
    kept, reasons = read(tmp_path, exclude=("b.jpg",))
    assert kept == {"train/a.jpg"}
    assert reasons == {"train/b.jpg": "left out by --exclude b.jpg"}


@pytest.mark.parametrize("pattern", ["", "/", "./", "[z-a]"])
def test_what_is_no_pattern(folder: Path, pattern: str) -> None:
    with pytest.raises(SourceError, match="pattern"):
        list(Source(folder, exclude=(pattern,)))


def test_only_folders_have_files_to_choose_from(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("image\tcaption\na.jpg\tx\n")
    with pytest.raises(
        SourceError, match=r"a\.tsv is no folder; --exclude and --include choose among a folder's files"
    ):
        iter(Source(tmp_path / "a.tsv", exclude=("x",)))
