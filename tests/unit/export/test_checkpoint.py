"""Export: equal to the checkpoint in every variant, or nothing is written."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, ClipEncoder
from clipseek.encoder.bundle.files import FILES

from tests.models import make_tiny_clip, quiet

with quiet():
    import torch
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused
    from clipseek.export.parity import difference, from_bundle, reference
    from clipseek.export.samples import made_samples
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

pytestmark = pytest.mark.train


def spoil(checkpoint: Path, copy: Path, change: Any) -> Path:
    """A copy of the checkpoint with its weights changed by ``change(state_dict)``."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(checkpoint, copy)
    weights = load_file(copy / "model.safetensors")
    change(weights)
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


def test_bundle_is_complete_and_verifies(full: Bundle, checkpoint: Path) -> None:
    assert sorted(path.name for path in full.path.iterdir()) == sorted([*FILES, "clipseek.json"])
    again = Bundle.load(full.path, verify=True)
    assert again == full
    assert (full.dimension, full.image.size, full.text.context_length) == (48, 32, 24)
    assert full.logit_scale == pytest.approx(np.exp(2.6592), rel=1e-4)
    assert full.passport["provenance"]["checkpoint"] == str(checkpoint)


def test_the_same_checkpoint_gives_the_same_fingerprint(full: Bundle, checkpoint: Path, tmp_path: Path) -> None:
    assert export_bundle(str(checkpoint), tmp_path / "again").fingerprint == full.fingerprint


@pytest.mark.parametrize(
    "variant",
    [
        {"legacy_eos": True},
        {"tokenizer": "slow"},
        {"act": "gelu", "size": 40, "dimension": 64, "context_length": 77, "seed": 3},
    ],
    ids=["OpenAI's end-of-text", "vocab and merges only", "other shapes"],
)
def test_variants(variant: dict[str, Any], tmp_path: Path) -> None:
    folder = make_tiny_clip(tmp_path / "checkpoint", **variant)
    bundle = export_bundle(str(folder), tmp_path / "bundle")
    assert bundle.image.size == variant.get("size", 32)
    loaded = load_checkpoint(str(folder))
    samples = made_samples(50, 30)  # other pictures than export itself compared
    worst = difference(from_bundle(bundle, samples, 3), reference(loaded, samples))
    assert worst.acceptable()
    # A different caption must give a different vector: pooling the wrong token would not show otherwise.
    vectors = ClipEncoder(bundle, device="cpu").encode_texts(["a red cat", "a red dog"])
    assert vectors[0] @ vectors[1] < 0.9999


def test_processor_numbers_come_from_the_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint"
    shutil.copytree(checkpoint, copy)
    edit_json(copy / "preprocessor_config.json", image_mean=[0.5, 0.5, 0.5], image_std=[0.25, 0.5, 1.0], resample=2)
    bundle = export_bundle(str(copy), tmp_path / "bundle")
    assert bundle.image.mean == (0.5, 0.5, 0.5)
    assert bundle.image.std == (0.25, 0.5, 1.0)
    assert bundle.image.interpolation == "bilinear"


def test_provenance_takes_in_the_training_record(checkpoint: Path, tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint"
    shutil.copytree(checkpoint, copy)
    record = {"base": "somewhere", "data": "ab12", "recipe": {"epochs": 3}, "metrics": {"mrr": 0.5}}
    (copy / "clipseek_training.json").write_text(json.dumps(record))
    provenance = export_bundle(str(copy), tmp_path / "bundle").passport["provenance"]
    assert {name: provenance[name] for name in record} == record
    assert provenance["made_with"]["torch"] == torch.__version__.split("+")[0]


class TestRefusal:
    """What is not the checkpoint is not written, and an old bundle stays."""

    def refused(self, checkpoint: Path, out: Path, message: str, error: type[Exception] = ExportRefused) -> None:
        before = sorted(out.parent.iterdir())
        with pytest.raises(error, match=message) as caught:
            export_bundle(str(checkpoint), out, force=True)
        assert "\n" not in str(caught.value)
        assert sorted(out.parent.iterdir()) == before

    def test_vectors_that_differ(self, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from clipseek.export.towers import export_towers as honest

        def dishonest(model: Any, folder: Path, opset: int) -> None:
            # A hundredth of one bias: far too little to be seen in any search result.
            with torch.no_grad():
                model.text_model.final_layer_norm.bias[0] += 0.01
            honest(model, folder, opset)

        monkeypatch.setattr("clipseek.export.checkpoint.export_towers", dishonest)
        self.refused(
            checkpoint, tmp_path / "bundle", r"differs from the checkpoint: pictures by \S+ .* nothing was written"
        )

    def test_an_old_bundle_stays(self, full: Bundle, checkpoint: Path, tmp_path: Path) -> None:
        shutil.copytree(full.path, tmp_path / "full")
        copy = spoil(
            checkpoint, tmp_path / "bad", lambda weights: weights["text_projection.weight"].fill_(float("nan"))
        )
        self.refused(copy, tmp_path / "full", "not transformers' ", ModelUnavailable)
        assert Bundle.load(tmp_path / "full", verify=True).fingerprint == full.fingerprint

    def test_a_processor_that_squeezes(self, checkpoint: Path, tmp_path: Path) -> None:
        copy = tmp_path / "checkpoint"
        shutil.copytree(checkpoint, copy)
        edit_json(copy / "preprocessor_config.json", size={"height": 32, "width": 32})
        self.refused(copy, tmp_path / "bundle", "squashes pictures", ModelUnavailable)

    def test_another_end_of_text_than_the_tokenizers(self, checkpoint: Path, tmp_path: Path) -> None:
        copy = tmp_path / "checkpoint"
        shutil.copytree(checkpoint, copy)
        config = json.loads((copy / "config.json").read_text("utf-8"))
        config["text_config"]["eos_token_id"] = 17
        (copy / "config.json").write_text(json.dumps(config))
        self.refused(copy, tmp_path / "bundle", "ends a text at token 17", ModelUnavailable)

    def test_what_is_no_checkpoint(self, tmp_path: Path) -> None:
        self.refused(tmp_path / "nowhere", tmp_path / "bundle", "is no checkpoint folder", ModelUnavailable)

    def test_a_place_that_is_taken(self, full: Bundle, checkpoint: Path) -> None:
        with pytest.raises(BundleError, match="--force"):
            export_bundle(str(checkpoint), full.path)

    def test_an_opset_that_the_exporter_does_not_know(self, checkpoint: Path, tmp_path: Path) -> None:
        with pytest.raises(ExportRefused, match="opset 99"):
            export_bundle(str(checkpoint), tmp_path / "bundle", opset=99)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_export_leaves_nothing(checkpoint: Path, tmp_path: Path, how: signal.Signals) -> None:
    out = tmp_path / "models" / "bundle"
    command = [sys.executable, "-m", "clipseek.cli", "export-onnx", str(checkpoint), str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("models/.bundle.*.part/*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(how)
        _, notes = process.communicate(timeout=30)
    assert process.returncode == 130, notes
    assert notes.splitlines()[-1].startswith("clipseek: interrupted")
    assert list(tmp_path.iterdir()) == []
