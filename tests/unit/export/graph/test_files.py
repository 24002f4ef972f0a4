"""Weights in a file of their own, as above 2 GB: the same vectors, listed, hashed, and checked like the rest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, ClipEncoder
from clipseek.encoder.bundle.files import FILES
from clipseek.export.graph.files import WEIGHTS_APART_ABOVE, bytes_of_weights, load_graph, set_weights_apart
from clipseek.sources import read_records
from PIL import Image

from tests.models import quiet

with quiet():
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.imported.importer import import_bundle
    from clipseek.export.parity import from_bundle
    from clipseek.export.precision import Int8Calibration
    from clipseek.export.samples import made_samples
    from clipseek.training.data.pairs import load_pairs

pytestmark = pytest.mark.train

BESIDE = ("image.onnx_data", "text.onnx_data")


@pytest.fixture(scope="module")
def apart(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "apart", external_above=1000, explain=True)


def vectors(bundle: Bundle) -> tuple[Any, Any]:
    made = from_bundle(bundle, made_samples(bundle.image.size, bundle.text.context_length), 7)
    return made.pictures, made.texts


def test_files_of_weights_are_listed_hashed_and_decide_the_fingerprint(apart: Bundle, full: Bundle) -> None:
    assert sorted(apart.passport["files"]) == sorted([*FILES, *BESIDE])
    assert sorted(apart.passport["sizes"]) == sorted([*FILES, *BESIDE])
    assert sorted(apart.passport["extras"]) == ["patches.onnx", "patches.onnx_data"]
    assert {path.name for path in apart.path.iterdir()} == {
        "clipseek.json",
        *apart.passport["files"],
        *apart.passport["extras"],
    }
    for name in BESIDE:
        assert apart.passport["sizes"][name] > 4 * apart.passport["sizes"][name.removesuffix("_data")]
    assert apart.fingerprint != full.fingerprint
    assert Bundle.load(apart.path, verify=True) == apart


def test_vectors_are_the_same(apart: Bundle, full: Bundle) -> None:
    for ours, theirs in zip(vectors(apart), vectors(full), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert ClipEncoder(apart, device="cpu").encode_texts(["a cat"]).shape == (1, 48)


def test_a_copied_folder_is_the_same_bundle(apart: Bundle, tmp_path: Path) -> None:
    shutil.copytree(apart.path, tmp_path / "copy")
    again = Bundle.load(tmp_path / "copy", verify=True)
    np.testing.assert_array_equal(vectors(again)[1], vectors(apart)[1])


@pytest.mark.parametrize("name", [*BESIDE, "patches.onnx_data"])
def test_other_weights_are_found_by_verify_and_missing_ones_at_every_load(
    name: str, apart: Bundle, tmp_path: Path
) -> None:
    shutil.copytree(apart.path, tmp_path / "copy")
    path = tmp_path / "copy" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    Bundle.load(tmp_path / "copy")
    with pytest.raises(BundleError, match=f"{name} is not the file that was exported"):
        Bundle.load(tmp_path / "copy", verify=True)
    path.unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        Bundle.load(tmp_path / "copy")


def test_weights_that_nobody_listed_are_refused(full: Bundle, tmp_path: Path) -> None:
    shutil.copytree(full.path, tmp_path / "copy")
    (tmp_path / "copy" / "text.onnx_data").write_bytes(b"whatever")
    with pytest.raises(BundleError, match="not listed"):
        Bundle.load(tmp_path / "copy")


def test_int8_of_large_towers(apart: Bundle, checkpoint: Path, tmp_path: Path) -> None:
    int8 = export_bundle(str(checkpoint), tmp_path / "int8", precision="int8", external_above=1000, accept_loss=True)
    plain = export_bundle(str(checkpoint), tmp_path / "plain", precision="int8", accept_loss=True)
    assert {path.name for path in int8.path.iterdir()} == {"clipseek.json", *int8.passport["files"]}
    for ours, theirs in zip(vectors(int8), vectors(plain), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    (verdict,) = int8.passport["gates"]
    assert verdict["fp32"]["bytes"] == sum(
        size for name, size in apart.passport["sizes"].items() if name != "tokenizer.json"
    )


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_other_precisions_of_large_towers(precision: Any, checkpoint: Path, tmp_path: Path) -> None:
    """Static int8, whose quantizer measures with a graph of its own, and fp16, which is emulated by one."""
    for at in range(6):
        Image.new("RGB", (40, 30 + at), (40 * at, 90, 200)).save(tmp_path / f"{at}.png")
    rows = "".join(f"{at}.png\ta picture of number {at}\n" for at in range(6))
    (tmp_path / "pairs.tsv").write_text(f"image\tcaption\n{rows}", "utf-8")
    more: dict[str, Any] = {"precision": precision, "accept_loss": True}
    if precision == "int8":
        more["calibration"] = Int8Calibration(
            "own", lambda spec: load_pairs(read_records(tmp_path / "pairs.tsv"), spec)
        )
    large = export_bundle(str(checkpoint), tmp_path / "large", external_above=1000, **more)
    plain = export_bundle(str(checkpoint), tmp_path / "plain", **more)
    assert {path.name for path in large.path.iterdir()} == {"clipseek.json", *large.passport["files"]}
    for ours, theirs in zip(vectors(large), vectors(plain), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_stored_as_fp16_they_stay_apart(apart: Bundle, checkpoint: Path, tmp_path: Path) -> None:
    half = export_bundle(str(checkpoint), tmp_path / "half", storage="fp16", external_above=1000)
    for name in BESIDE:
        assert half.passport["sizes"][name] < 0.6 * apart.passport["sizes"][name]
    assert vectors(half)[0].shape == vectors(apart)[0].shape


def test_towers_of_others_with_weights_apart_can_be_imported(apart: Bundle, checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "towers", ignore=shutil.ignore_patterns("*.safetensors"))
    from clipseek.export.towers import export_towers
    from clipseek.training.model.checkpoint import load_checkpoint

    export_towers(load_checkpoint(str(checkpoint)).model, tmp_path / "towers", 18)
    shutil.copyfile(apart.path / "tokenizer.json", tmp_path / "towers" / "tokenizer.json")
    for name in ("image.onnx", "text.onnx"):
        assert set_weights_apart(tmp_path / "towers" / name, 1000)
    made = import_bundle(tmp_path / "towers", tmp_path / "imported")
    assert np.isfinite(vectors(made)[0]).all()
    np.testing.assert_allclose(vectors(made)[1], vectors(apart)[1], atol=1e-5)


def test_below_the_limit_a_graph_is_one_file(full: Bundle, tmp_path: Path) -> None:
    shutil.copyfile(full.path / "text.onnx", tmp_path / "text.onnx")
    size = bytes_of_weights(load_graph(tmp_path / "text.onnx"))
    assert 0 < size < WEIGHTS_APART_ABOVE < 2**31
    assert not set_weights_apart(tmp_path / "text.onnx", size)
    assert set_weights_apart(tmp_path / "text.onnx", size - 1)
    assert set_weights_apart(tmp_path / "text.onnx")  # it has one
