from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clipseek.encoder import Bundle, BundleError
from clipseek.encoder.bundle.bundle import ImageSpec, TextSpec, fingerprint
from clipseek.encoder.bundle.files import FILES
from clipseek.encoder.bundle.references import external_files
from clipseek.encoder.bundle.unchanged import same_file
from clipseek.encoder.bundle.writer import copy_with_image, write_passport

from tests.graphs import graph

FACTS: dict[str, Any] = {
    "dimension": 8,
    "image": {
        "size": 32,
        "resize": "shortest_edge",
        "mean": [0.5, 0.4, 0.3],
        "std": [0.2, 0.3, 0.25],
        "interpolation": "bicubic",
        "crop": "center",
        "background": [255, 255, 255],
    },
    "text": {"context_length": 24, "pad_id": 9, "eos_id": 9},
    "precision": "fp32",
    "logit_scale": 14.3,
    "provenance": {"checkpoint": "somewhere"},
    "parity": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle whose towers are mere bytes: reading a bundle opens none of them."""
    path = tmp_path / "bundle"
    path.mkdir()
    for name in FILES:
        (path / name).write_bytes(graph(name * 100))
    write_passport(path, FACTS)
    return path


def edit(folder: Path, change: Callable[[Any], Any]) -> None:
    passport = json.loads((folder / "clipseek.json").read_text("utf-8"))
    change(passport)
    (folder / "clipseek.json").write_text(json.dumps(passport), "utf-8")


@pytest.mark.parametrize("verify", [False, True])
def test_what_was_written_is_read(folder: Path, verify: bool) -> None:
    bundle = Bundle.load(folder, verify=verify)
    assert bundle.dimension == 8
    assert bundle.image == ImageSpec(32, (0.5, 0.4, 0.3), (0.2, 0.3, 0.25), "bicubic", (255, 255, 255))
    assert bundle.text == TextSpec(24, 9, 9)
    assert bundle.logit_scale == 14.3
    assert bundle.path.is_absolute()
    assert bundle.passport["provenance"] == {"checkpoint": "somewhere"}
    assert len(bundle.fingerprint) == 64


def test_fingerprint_is_over_what_decides_a_vector(folder: Path) -> None:
    first = Bundle.load(folder).fingerprint
    assert write_passport(folder, {**FACTS, "provenance": {"other": 1}, "logit_scale": 1.0})["fingerprint"] == first
    others = [
        {**FACTS, "image": {**FACTS["image"], "mean": [0.5, 0.4, 0.31]}},
        {**FACTS, "text": {**FACTS["text"], "context_length": 23}},
        {**FACTS, "dimension": 9},
    ]
    prints = {write_passport(folder, facts)["fingerprint"] for facts in others}
    (folder / "text.onnx").write_bytes(b"another")
    prints.add(write_passport(folder, FACTS)["fingerprint"])
    assert len(prints | {first}) == 5


def test_changed_bytes_are_found_by_verify(folder: Path) -> None:
    data = bytearray((folder / "image.onnx").read_bytes())
    data[50] ^= 1
    (folder / "image.onnx").write_bytes(data)
    Bundle.load(folder)
    with pytest.raises(BundleError, match=r"image\.onnx is not the file that was exported"):
        Bundle.load(folder, verify=True)


def test_a_shortened_file_is_found_at_every_load(folder: Path) -> None:
    (folder / "text.onnx").write_bytes(b"text")
    with pytest.raises(BundleError, match=r"text\.onnx has 4 bytes, expected 903"):
        Bundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        Bundle.load(folder)


def test_an_edited_passport_is_found_at_every_load(folder: Path) -> None:
    edit(folder, lambda passport: passport["image"].update(size=64))
    with pytest.raises(BundleError, match="was changed since the export"):
        Bundle.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(format=2), "bundle format 2, expected 1"),
        (lambda p: p.pop("dimension"), "lacks 'dimension'"),
        (lambda p: p["image"].pop("mean"), "lacks 'mean'"),
        (lambda p: p["image"].update(mean=[1]), "expected three numbers"),
        (lambda p: p["image"].update(mean="abc"), "expected three numbers"),
        (lambda p: p["image"].update(std=[1, 0, 1]), "expected more than 0"),
        (lambda p: p["image"].update(size="big"), "garbled"),
        (lambda p: p["image"].update(interpolation="magic"), "expected one of nearest"),
        (lambda p: p["image"].update(background=[0, 0, 256]), "from 0 to 255"),
        (lambda p: p["text"].update(context_length=1), "at least 2"),
        (lambda p: p.update(text=None), "garbled"),
        (lambda p: p.update(files=7), "garbled"),
        (lambda p: p["files"].update({"../../etc/passwd": "0"}), "garbled|changed"),
    ],
)
def test_a_garbled_passport_is_one_line(folder: Path, change: Callable[[Any], Any], message: str) -> None:
    edit(folder, change)
    with pytest.raises(BundleError, match=message) as caught:
        Bundle.load(folder)
    assert "\n" not in str(caught.value)
    assert "export" in str(caught.value)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "model.onnx"])
def test_a_strangers_passport_cannot_name_other_files(folder: Path, name: str) -> None:
    passport = json.loads((folder / "clipseek.json").read_text("utf-8"))
    passport["files"][name] = "0" * 64
    passport["fingerprint"] = fingerprint(passport)
    (folder / "clipseek.json").write_text(json.dumps(passport), "utf-8")
    with pytest.raises(BundleError, match="is no file of a bundle"):
        Bundle.load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"clipseek"', "\xff\xfe"])
def test_no_json_is_one_line(folder: Path, text: str) -> None:
    (folder / "clipseek.json").write_text(text, "latin-1")
    with pytest.raises(BundleError, match="export the bundle again") as caught:
        Bundle.load(folder)
    assert "\n" not in str(caught.value)


def test_what_is_there_instead_of_a_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no bundle folder at .*nowhere; make one with: clipseek export-onnx"):
        Bundle.load(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="no bundle folder at"):
        Bundle.load(tmp_path / "file")
    with pytest.raises(BundleError, match="is no bundle"):
        Bundle.load(tmp_path)
    (tmp_path / "config.json").touch()
    with pytest.raises(BundleError, match="is a checkpoint, not a bundle"):
        Bundle.load(str(tmp_path))


def test_a_copied_bundle_is_the_same(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert Bundle.load(tmp_path / "copy", verify=True).fingerprint == Bundle.load(folder).fingerprint


def test_specs_are_the_passports_entries() -> None:
    assert json.loads(json.dumps(ImageSpec.from_dict(FACTS["image"]).as_dict())) == FACTS["image"]
    assert TextSpec.from_dict(FACTS["text"]).as_dict() == FACTS["text"]
    assert ImageSpec.from_dict(FACTS["image"]).std == (0.2, 0.3, 0.25)


def renamed(folder: Path, weights: str) -> None:
    """The towers again, whose text takes its weights from another file; the passport is right in all else."""
    (folder / weights).write_bytes(b"0123" * 10)
    (folder / "text.onnx").write_bytes(graph("text", weights))
    write_passport(folder, FACTS)


@pytest.mark.parametrize("name", ["w.bin", "README.md", "text.onnx_weights", ".hidden", "image.onnx"])
def test_weights_that_nobody_vouches_for_are_refused(folder: Path, name: str) -> None:
    renamed(folder, name) if name != "image.onnx" else (folder / "text.onnx").write_bytes(graph("text", name))
    write_passport(folder, FACTS)
    with pytest.raises(BundleError, match=r"which clipseek\.json does not list: nothing vouches for it"):
        Bundle.load(folder, verify=True)
    bundle = Bundle.load(folder)
    with (
        pytest.raises(BundleError, match=f"text.onnx reads '{name}'"),
        same_file(bundle, "text.onnx"),
    ):
        pytest.fail("the graph was given out")


def test_the_weights_of_a_graph_that_are_listed_are_its_own(folder: Path) -> None:
    renamed(folder, "text.onnx_data")
    bundle = Bundle.load(folder, verify=True)
    with same_file(bundle, "text.onnx"):
        pass
    (folder / "text.onnx_data").write_bytes(b"3210" * 10)
    with pytest.raises(BundleError, match=r"text\.onnx_data is not the file that was exported"):
        Bundle.load(folder, verify=True)


def test_what_else_lies_in_the_folder_is_told_and_not_carried(folder: Path, tmp_path: Path) -> None:
    for name in ("README.md", ".gitattributes", "w.bin"):
        (folder / name).write_text("theirs")
    (folder / "notes").mkdir()
    bundle = Bundle.load(folder, verify=True)
    assert bundle.unlisted == (".gitattributes", "README.md", "notes", "w.bin")
    copy = copy_with_image(bundle, tmp_path / "copy", bundle.image)
    assert sorted(path.name for path in copy.path.iterdir()) == sorted([*FILES, "clipseek.json"])
    assert copy.unlisted == ()


@pytest.mark.parametrize("data", [b"", b"\x32", b"\x32\x05ab", b"\x33\x01", b"\xff" * 20])
def test_what_is_no_graph_is_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "text.onnx").write_bytes(data)
    with pytest.raises(BundleError, match="it is no ONNX graph"):
        external_files(tmp_path / "text.onnx")
