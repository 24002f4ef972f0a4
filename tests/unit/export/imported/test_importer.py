"""Towers of other exporters, imitated by renaming and changing our own exports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.errors import BundleError
from clipseek.export.errors import ExportRefused
from clipseek.export.imported.importer import import_bundle
from clipseek.export.towers import export_towers
from clipseek.training.model.checkpoint import load_checkpoint
from onnx import TensorProto, helper

from tests.models import make_tiny_bundle, make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train
CAPTIONS = ["red square", "two dogs and a ball on the grass, black and white picture", ""]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkpoint, its bundle, and beside them in towers/ the graphs as the exporter leaves them."""
    home = tmp_path_factory.mktemp("made")
    checkpoint = make_tiny_clip(home / "checkpoint")
    make_tiny_bundle(checkpoint, home / "bundle")
    (home / "towers").mkdir()
    export_towers(load_checkpoint(str(checkpoint)).model.eval(), home / "towers", 18)
    return checkpoint, home / "bundle"


@pytest.fixture
def folder(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """As a hub has it: towers under onnx/, configs beside it."""
    checkpoint, bundle = made
    source = tmp_path / "source"
    (source / "onnx").mkdir(parents=True)
    for name in ("config.json", "preprocessor_config.json", "tokenizer_config.json", "tokenizer.json"):
        shutil.copy(checkpoint / name, source / name)
    shutil.copy(bundle.parent / "towers" / "image.onnx", source / "onnx" / "vision_model.onnx")
    shutil.copy(bundle.parent / "towers" / "text.onnx", source / "onnx" / "text_model.onnx")
    return source


def change(path: Path, edit: Any) -> None:
    model = onnx.load(path)
    edit(model)
    onnx.save(model, path)


def rename(model: Any, old: str, new: str) -> None:
    for node in model.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    for entry in (*model.graph.input, *model.graph.output):
        if entry.name == old:
            entry.name = new


def vectors(bundle: Path, tmp_path: Path) -> list[Any]:
    encoder = ClipEncoder(Bundle.load(bundle, verify=True), device="cpu")
    pictures = [encoder.load_picture(record.image.read_bytes()) for record in write_squares(tmp_path / "p")[:3]]
    return [encoder.encode_pictures(pictures), encoder.encode_texts(CAPTIONS)]


def test_the_vectors_are_those_of_the_towers(made: tuple[Path, Path], folder: Path, tmp_path: Path) -> None:
    (folder / "onnx" / "vision_model_fp16.onnx").write_bytes((folder / "onnx" / "vision_model.onnx").read_bytes())
    found = import_bundle(folder, tmp_path / "out")
    assert found.dimension == 48
    assert found.text == Bundle.load(made[1]).text
    assert found.image == Bundle.load(made[1]).image
    assert found.passport["alike"]["texts"] > 0.9999
    for ours, theirs in zip(vectors(tmp_path / "out", tmp_path), vectors(made[1], tmp_path), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_other_names_kinds_outputs_and_no_mask(made: tuple[Path, Path], folder: Path, tmp_path: Path) -> None:
    def picture(model: Any) -> None:
        rename(model, "pixel_values", "image")
        rename(model, "image_embeds", "embedding")
        hidden = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["batch", "patches", 64])
        model.graph.node.append(helper.make_node("Unsqueeze", ["embedding", "axis"], ["hidden"]))
        model.graph.initializer.append(helper.make_tensor("axis", TensorProto.INT64, [1], [1]))
        model.graph.output.append(hidden)

    def text(model: Any) -> None:
        rename(model, "input_ids", "inner_ids")
        rename(model, "text_embeds", "text_features")
        for entry in list(model.graph.input):
            if entry.name == "inner_ids":
                model.graph.input.remove(entry)
        model.graph.input.insert(0, helper.make_tensor_value_info("text", TensorProto.INT32, ["n", "l"]))
        model.graph.node.insert(0, helper.make_node("Cast", ["text"], ["inner_ids"], to=TensorProto.INT64))
        used = {name for node in model.graph.node for name in node.input}
        if "attention_mask" not in used:
            for entry in list(model.graph.input):
                if entry.name == "attention_mask":
                    model.graph.input.remove(entry)

    change(folder / "onnx" / "vision_model.onnx", picture)
    change(folder / "onnx" / "text_model.onnx", text)
    import_bundle(folder, tmp_path / "out")
    for ours, theirs in zip(vectors(tmp_path / "out", tmp_path), vectors(made[1], tmp_path), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_open_clips_preprocessing(folder: Path, tmp_path: Path) -> None:
    (folder / "preprocessor_config.json").unlink()
    settings = {"size": [32, 32], "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2], "interpolation": "bicubic"}
    (folder / "preprocess_cfg.json").write_text(json.dumps(settings))
    found = import_bundle(folder, tmp_path / "out")
    assert found.image.mean == (0.5, 0.4, 0.3)


def test_what_cannot_serve_is_refused_and_nothing_written(folder: Path, tmp_path: Path) -> None:
    def refused(match: str, **options: Any) -> None:
        with pytest.raises(ExportRefused, match=match) as raised:
            import_bundle(folder, tmp_path / "out", **options)
        assert "\n" not in str(raised.value)
        assert not (tmp_path / "out").exists()

    text, image = folder / "onnx" / "text_model.onnx", folder / "onnx" / "vision_model.onnx"
    whole = text.read_bytes()

    def pools_the_last(model: Any) -> None:  # a tower whose vector moves with the padding
        rename(model, "text_embeds", "inner")
        shift = [
            helper.make_node("ReduceSum", ["input_ids", "one"], ["sum"], keepdims=1),
            helper.make_node("Cast", ["sum"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["number", "inner"], ["moved"]),
            helper.make_node("Sin", ["moved"], ["text_embeds"]),
        ]
        model.graph.node.extend(shift)
        model.graph.initializer.append(helper.make_tensor("one", TensorProto.INT64, [1], [1]))
        for entry in model.graph.output:
            entry.name = "text_embeds"

    change(text, pools_the_last)
    refused("texts: cosine .* padding changes")

    def fixed(model: Any) -> None:
        for entry in model.graph.input:
            entry.type.tensor_type.shape.dim[1].dim_value = 24

    text.write_bytes(whole)
    change(text, fixed)
    refused("takes texts of exactly 24")
    text.write_bytes(whole)
    shutil.copy(image, folder / "onnx" / "other.onnx")
    image.rename(folder / "onnx" / "another.onnx")
    refused("picture towers found: onnx/another.onnx, onnx/other.onnx; expected one, name it with --image-tower")
    (folder / "onnx" / "other.onnx").write_bytes(b"no model")
    refused("other.onnx is no ONNX model")
    (folder / "onnx" / "other.onnx").unlink()
    (folder / "tokenizer.json").unlink()
    refused("has no tokenizer.json")
    (folder / "tokenizer.json").write_text("{}")
    refused("cannot be read")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    with pytest.raises(BundleError, match="left alone"):
        import_bundle(folder, tmp_path / "taken")
