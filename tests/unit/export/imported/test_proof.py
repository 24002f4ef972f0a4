"""Towers made elsewhere serve only where pixels, tokens and vectors are those of their own library."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from clipseek.encoder import ClipEncoder
from clipseek.export.errors import ExportRefused
from clipseek.export.imported.importer import import_bundle
from clipseek.export.towers import export_towers
from clipseek.training.errors import ModelUnavailable
from clipseek.training.model.checkpoint import load_checkpoint

from tests.models import make_tiny_clip, quiet

pytestmark = pytest.mark.train

CONFIGS = ("config.json", "preprocessor_config.json", "tokenizer_config.json", "tokenizer.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """checkpoint/ and another/, of other weights; towers/ of the first as the exporter leaves them."""
    home = tmp_path_factory.mktemp("made")
    make_tiny_clip(home / "checkpoint")
    make_tiny_clip(home / "another", seed=1)
    (home / "towers").mkdir()
    export_towers(load_checkpoint(str(home / "checkpoint")).model.eval(), home / "towers", 18)
    return home


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """As a hub has it: towers under onnx/, configs beside it."""
    source = tmp_path / "source"
    shutil.copytree(made / "towers", source / "onnx")
    for name in CONFIGS:
        shutil.copy(made / "checkpoint" / name, source / name)
    return source


def edit(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


def lower_cased_otherwise(folder: Path) -> None:
    """A tokenizer.json that differs from what tokenizer_config.json's class makes of it."""
    edit(
        folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast", clean_up_tokenization_spaces=False
    )
    held = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    held["post_processor"] = None
    (folder / "tokenizer.json").write_text(json.dumps(held), "utf-8")


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another family": (lambda folder: edit(folder / "config.json", model_type="siglip"), "model_type is 'siglip'"),
    "another processor": (
        lambda folder: edit(folder / "preprocessor_config.json", image_processor_type="SiglipImageProcessor"),
        "SiglipImageProcessor",
    ),
    "squashing": (
        lambda folder: edit(folder / "preprocessor_config.json", size={"height": 32, "width": 32}),
        "squashes pictures",
    ),
    "no normalising": (lambda folder: edit(folder / "preprocessor_config.json", do_normalize=False), "do_normalize"),
    "another scale": (
        lambda folder: edit(folder / "preprocessor_config.json", rescale_factor=1),
        "rescale_factor is 1",
    ),
    "no crop": (lambda folder: edit(folder / "preprocessor_config.json", do_center_crop=False), "do_center_crop"),
    "no ends of a text": (lower_cased_otherwise, "marks an empty text with 0 tokens"),
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_would_embed_otherwise_is_refused(change: str, folder: Path, tmp_path: Path) -> None:
    alter, message = REFUSED[change]
    alter(folder)
    with pytest.raises(ExportRefused, match=message) as caught:
        import_bundle(folder, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_the_reference_decides(made: Path, folder: Path, tmp_path: Path) -> None:
    reference = str(made / "checkpoint")
    bundle = import_bundle(folder, tmp_path / "out", reference=reference)
    assert bundle.passport["parity"]["reference"] == reference
    assert bundle.passport["parity"]["text_min_cosine"] > 0.9999
    assert bundle.logit_scale == pytest.approx(np.exp(2.6592), rel=1e-4)  # the checkpoint's, not CLIP's 100
    with pytest.raises(ExportRefused, match=r"do not give the vectors of .*another: cosine of pictures") as caught:
        import_bundle(folder, tmp_path / "other", reference=str(made / "another"))
    assert "\n" not in str(caught.value)
    with pytest.raises(ModelUnavailable, match="is no checkpoint folder"):
        import_bundle(folder, tmp_path / "other", reference=str(tmp_path / "nowhere"))
    assert not (tmp_path / "other").exists()


def test_a_checkpoint_beside_the_towers_is_compared_without_being_named(
    made: Path, folder: Path, tmp_path: Path
) -> None:
    shutil.copy(made / "checkpoint" / "model.safetensors", folder / "model.safetensors")
    assert import_bundle(folder, tmp_path / "out").passport["parity"]["reference"] == str(folder)
    shutil.copy(made / "another" / "model.safetensors", folder / "model.safetensors")
    with pytest.raises(ExportRefused, match="do not give the vectors"):
        import_bundle(folder, tmp_path / "other")


@pytest.mark.parametrize("legacy", [True, False])
def test_a_token_added_above_the_end_token(legacy: bool, folder: Path, tmp_path: Path) -> None:
    """Refused where the tower pools at the largest id; where it pools at the end token it is a token like any other."""
    import torch

    checkpoint = tmp_path / "checkpoint"
    make_tiny_clip(checkpoint)
    with quiet():
        from transformers import CLIPModel, CLIPTokenizerFast

        tokenizer, model = CLIPTokenizerFast.from_pretrained(checkpoint), CLIPModel.from_pretrained(checkpoint)
        tokenizer.add_tokens(["<lesion>"], special_tokens=True)
        tokenizer.save_pretrained(folder)
        table = model.text_model.embeddings.token_embedding
        grown = torch.cat([table.weight, table.weight[:1]]).detach()
        model.text_model.embeddings.token_embedding = torch.nn.Embedding.from_pretrained(grown)
        if legacy:
            model.text_model.eos_token_id = 2
        export_towers(model.eval(), folder / "onnx", 18)
    if legacy:
        with pytest.raises(ExportRefused, match="pools at the largest token, and its tokenizer was given '<lesion>'"):
            import_bundle(folder, tmp_path / "out")
        return
    text = "a <lesion> on the house"
    tokens = tokenizer([text], return_tensors="pt")
    theirs = torch.nn.functional.normalize(model.get_text_features(**tokens)).detach().numpy()
    bundle = import_bundle(folder, tmp_path / "out")
    assert float(theirs[0] @ ClipEncoder(bundle, device="cpu").encode_texts([text])[0]) > 0.9999


def test_int8_of_onnxruntime_is_rounded_row_by_row(made: Path, folder: Path, tmp_path: Path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    with quiet():
        for name in ("image.onnx", "text.onnx"):
            quantize_dynamic(
                made / "towers" / name, folder / "onnx" / name, per_channel=True, op_types_to_quantize=["MatMul"]
            )
    bundle = import_bundle(folder, tmp_path / "out", reference=str(made / "checkpoint"))
    assert (bundle.precision, bundle.passport["ranges"]) == ("int8", "rows")
    assert min(bundle.passport["alike"].values()) >= 0.9999
    kinds = {node.op_type for node in onnx.load(str(bundle.path / "text.onnx")).graph.node}
    assert "DynamicQuantizeLinear" not in kinds
