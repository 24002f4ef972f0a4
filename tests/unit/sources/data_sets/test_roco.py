from __future__ import annotations

from pathlib import Path

import pytest
from clipseek.sources import MalformedSource, Record, SourceNotFound, read_records


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("home", ["", "all_data"])
def test_version_1_every_split_and_kind(tmp_path: Path, home: str) -> None:
    root = tmp_path / home
    write(root / "train/radiology/captions.txt", "ROCO_00002\t Computed tomography scan. \nROCO_00003\t\n")
    write(root / "train/non-radiology/captions.txt", "ROCO_00001\tFlow chart\n")
    write(root / "test/radiology/captions.txt", "ROCO_00009\tX-ray of a hand\n")
    pictures = root / "train/radiology/images"
    scan = {"split": "train", "kind": "radiology"}
    assert list(read_records(tmp_path)) == [
        Record("ROCO_00002", pictures / "ROCO_00002.jpg", ("Computed tomography scan.",), None, scan),
        Record("ROCO_00003", pictures / "ROCO_00003.jpg", (), None, scan),
        Record(
            "ROCO_00001",
            root / "train/non-radiology/images/ROCO_00001.jpg",
            ("Flow chart",),
            None,
            {"split": "train", "kind": "non-radiology"},
        ),
        Record(
            "ROCO_00009",
            root / "test/radiology/images/ROCO_00009.jpg",
            ("X-ray of a hand",),
            None,
            {"split": "test", "kind": "radiology"},
        ),
    ]


@pytest.mark.parametrize("folder", ["valid", "valid_images"])
def test_version_2_captions_with_commas(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "valid_captions.csv", 'ID,Caption\nROCOv2_1,"Chest, both sides"\nROCOv2_2,MRI\n')
    (tmp_path / folder).mkdir()
    assert list(read_records(tmp_path)) == [
        Record("ROCOv2_1", tmp_path / folder / "ROCOv2_1.jpg", ("Chest, both sides",), None, {"split": "valid"}),
        Record("ROCOv2_2", tmp_path / folder / "ROCOv2_2.jpg", ("MRI",), None, {"split": "valid"}),
    ]


def test_a_line_without_a_tab_and_a_folder_that_is_none(tmp_path: Path) -> None:
    write(tmp_path / "train/radiology/captions.txt", "ROCO_00002 caption\n")
    with pytest.raises(MalformedSource, match="line 1: expected a picture's id, a tab and its caption"):
        list(read_records(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceNotFound, match="not laid out like ROCO"):
        list(read_records(tmp_path / "empty", layout="roco"))
