from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from clipseek.sources import (
    MalformedSource,
    Record,
    SourceError,
    SourceNotFound,
    UnknownLayout,
    read_records,
    read_source,
)

TRAIN = "training/CaptionPredictionTraining2017-Captions.csv"
VALID = "validation/CaptionPredictionValidation2017-Captions.csv"


def imageclef(folder: Path, training: str, validation: str | None = None) -> None:
    for name, text in ((TRAIN, training), (VALID, validation)):
        if text is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, "utf-8")


def test_imageclef_is_recognised_and_keeps_its_split(tmp_path: Path) -> None:
    imageclef(tmp_path, "1471-1\tan x-ray\n1471-2\tct, axial\n", "99\tscan\n")
    assert list(read_records(tmp_path)) == [
        Record(
            "1471-1",
            tmp_path / "training/CaptionPredictionTraining2017/1471-1.jpg",
            ("an x-ray",),
            None,
            {"split": "training"},
        ),
        Record(
            "1471-2",
            tmp_path / "training/CaptionPredictionTraining2017/1471-2.jpg",
            ("ct, axial",),
            None,
            {"split": "training"},
        ),
        Record(
            "99",
            tmp_path / "validation/ConceptDetectionValidation2017/99.jpg",
            ("scan",),
            None,
            {"split": "validation"},
        ),
    ]
    assert len(list(read_source(tmp_path, layout="imageclef"))) == 3


def test_imageclef_with_a_broken_line(tmp_path: Path) -> None:
    imageclef(tmp_path, "a\tb\nno tab here\n")
    with pytest.raises(MalformedSource, match=r"Captions\.csv line 2: expected a picture's id, a tab and its caption"):
        list(read_records(tmp_path))


def test_imageclef_asked_for_where_it_is_not(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="not laid out like ImageCLEF 2017; it needs training/"):
        list(read_records(tmp_path, layout="imageclef"))


def test_sources_that_cannot_be_understood(tmp_path: Path) -> None:
    (tmp_path / "list.xyz").write_text("image\na.png\n")
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(SourceNotFound, match="nope is not there; name a folder of pictures or a manifest"):
        read_source(tmp_path / "nope")
    with pytest.raises(SourceNotFound):
        read_source(Path("a\0b"))
    with pytest.raises(UnknownLayout, match=r"no suffix of a manifest.*--layout"):
        read_source(tmp_path / "list.xyz")
    with pytest.raises(UnknownLayout, match="is a picture; name its folder"):
        read_source(tmp_path / "photo.jpg")
    with pytest.raises(SourceError, match="is a folder, which --layout tsv does not read"):
        read_source(tmp_path, layout="tsv")
    with pytest.raises(UnknownLayout, match="'xml' is not known"):
        read_source(tmp_path, layout="xml")  # type: ignore[arg-type]
    assert len(list(read_source(tmp_path / "list.xyz", layout="tsv"))) == 1


def test_every_error_is_one_line_with_an_exit_code() -> None:
    for error in (SourceNotFound, UnknownLayout, MalformedSource):
        assert issubclass(error, SourceError)
        assert error.exit_code == 1


#: In a process of its own: what Python's tables of names and paths take depends on all that ran before.
_PEAK = """
import sys, tracemalloc
from pathlib import Path
from clipseek.sources import read_records
count = sum(1 for _ in read_records(Path(sys.argv[1])))
tracemalloc.start()
count += sum(1 for _ in read_records(Path(sys.argv[1])))
print(count, tracemalloc.get_traced_memory()[1])
"""


def test_memory_does_not_grow_with_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "big.tsv"
    manifest.write_text("image\tcaption\n" + "".join(f"{row}.png\t{'words ' * 20}{row}\n" for row in range(20_000)))
    done = subprocess.run([sys.executable, "-c", _PEAK, manifest], capture_output=True, text=True, check=True)
    count, peak = map(int, done.stdout.split())
    assert count == 2 * 20_000
    assert peak < 2_500_000  # as a list they would take more than 10 MB
