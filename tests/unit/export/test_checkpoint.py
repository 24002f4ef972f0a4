"""Export: equal to the checkpoint in every variant, or nothing is written."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, ClipEncoder
from clipseek.encoder.bundle.bundle import FILES
from clipseek.sources import Record
from PIL import Image

from tests.models import make_tiny_clip, quiet

with quiet():
    import torch
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused
    from clipseek.export.parity import difference, from_bundle, reference
    from clipseek.export.samples import Samples, made_samples, samples_from
    from clipseek.training.errors import ModelUnavailable, UnusableData
    from clipseek.training.model.checkpoint import load_checkpoint

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_clip(tmp_path_factory.mktemp("export") / "checkpoint")


@pytest.fixture(scope="module")
def bundle(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "bundle")


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


def test_bundle_is_complete_and_verifies(bundle: Bundle, checkpoint: Path) -> None:
    assert sorted(path.name for path in bundle.path.iterdir()) == sorted([*FILES, "clipseek.json"])
    again = Bundle.load(bundle.path, verify=True)
    assert again == bundle
    assert (bundle.dimension, bundle.image.size, bundle.text.context_length) == (48, 32, 24)
    assert bundle.logit_scale == pytest.approx(np.exp(2.6592), rel=1e-4)
    assert bundle.passport["provenance"]["checkpoint"] == str(checkpoint)


def test_parity_is_recorded_with_what_it_was_checked_on(bundle: Bundle) -> None:
    parity = bundle.passport["parity"]
    assert parity["image_max_abs"] <= 1e-4
    assert parity["text_max_abs"] <= 1e-4
    assert min(parity["image_min_cosine"], parity["text_min_cosine"]) >= 0.9999
    assert parity["batch_sizes"] == [1, 2, 7]
    assert parity["pictures"] >= 7
    assert parity["texts"] >= 7


def test_graphs_take_any_batch_and_length(bundle: Bundle) -> None:
    import onnx

    shapes = {}
    for name in ("image.onnx", "text.onnx"):
        graph = onnx.load(str(bundle.path / name)).graph
        for entry in [*graph.input, *graph.output]:
            shapes[entry.name] = [dim.dim_param or dim.dim_value for dim in entry.type.tensor_type.shape.dim]
    assert shapes == {
        "pixels": ["batch", 32, 32, 3],
        "image_embeds": ["batch", 48],
        "input_ids": ["batch", "sequence"],
        "attention_mask": ["batch", "sequence"],
        "text_embeds": ["batch", 48],
    }


def test_the_opset_is_pinned_and_stated(bundle: Bundle) -> None:
    import onnx

    assert bundle.passport["provenance"]["opset"] == 18
    for name in ("image.onnx", "text.onnx"):
        versions = {entry.domain: entry.version for entry in onnx.load(str(bundle.path / name)).opset_import}
        assert versions[""] == 18


def test_parity_is_checked_on_the_longest_caption(bundle: Bundle) -> None:
    encoder = ClipEncoder(bundle, device="cpu")
    limit = bundle.text.context_length
    encoded, cut = encoder.tokenizer.encode(made_samples(bundle.image.size, limit).captions)
    assert max(map(len, encoded)) == limit
    assert cut >= 1


def test_the_same_checkpoint_gives_the_same_fingerprint(bundle: Bundle, checkpoint: Path, tmp_path: Path) -> None:
    assert export_bundle(str(checkpoint), tmp_path / "again").fingerprint == bundle.fingerprint


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


@pytest.fixture(scope="module")
def half(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "half", storage="fp16")


class TestHalfStorage:
    def test_files_are_half_and_computation_is_not(self, half: Bundle, bundle: Bundle) -> None:
        import onnx

        for name in ("image.onnx", "text.onnx"):
            model = onnx.load(str(half.path / name))
            onnx.checker.check_model(model)
            kinds = Counter(tensor.data_type for tensor in model.graph.initializer if np.prod(tensor.dims) >= 1024)
            assert set(kinds) == {onnx.TensorProto.FLOAT16}
            weights = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
            whole = sum(len(t.raw_data) for t in onnx.load(str(bundle.path / name)).graph.initializer)
            assert weights < 0.53 * whole
            types = {entry.type.tensor_type.elem_type for entry in [*model.graph.input, *model.graph.output]}
            assert onnx.TensorProto.FLOAT16 not in types
        assert half.passport["storage"] == "fp16"
        assert half.precision == "fp32"
        assert half.fingerprint != bundle.fingerprint

    def test_the_word_table_is_cast_after_the_lookup(self, half: Bundle) -> None:
        import onnx

        graph = onnx.load(str(half.path / "text.onnx")).graph
        halves = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16}
        lookups = [node for node in graph.node if node.op_type == "Gather" and node.input[0] in halves]
        assert lookups, "the token table is not among the halves"
        cast = {node.input[0] for node in graph.node if node.op_type == "Cast"}
        assert {node.output[0] for node in lookups} <= cast

    def test_what_rounding_costs_stands_beside_parity(self, half: Bundle, bundle: Bundle) -> None:
        parity = half.passport["parity"]
        assert parity["text_max_abs"] <= 1e-4  # against the rounded model
        assert 0 < parity["rounding"]["text_max_abs"] < 0.05  # against the model itself
        assert parity["rounding"]["text_min_cosine"] > 0.999
        assert "rounding" not in bundle.passport["parity"]

    def test_weights_beyond_float16_stay_as_they_are(self, checkpoint: Path, tmp_path: Path) -> None:
        def enlarge(weights: dict[str, Any]) -> None:
            name = "vision_model.encoder.layers.0.mlp.fc1.weight"
            weights[name][0, 0] = 1e6

        copy = spoil(checkpoint, tmp_path / "checkpoint", enlarge)
        bundle = export_bundle(str(copy), tmp_path / "bundle", storage="fp16")
        assert bundle.passport["parity"]["image_max_abs"] <= 1e-4


def test_provenance_takes_in_the_training_record(checkpoint: Path, tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint"
    shutil.copytree(checkpoint, copy)
    record = {"base": "somewhere", "data": "ab12", "recipe": {"epochs": 3}, "metrics": {"mrr": 0.5}}
    (copy / "clipseek_training.json").write_text(json.dumps(record))
    provenance = export_bundle(str(copy), tmp_path / "bundle").passport["provenance"]
    assert {name: provenance[name] for name in record} == record
    assert provenance["made_with"]["torch"] == torch.__version__.split("+")[0]


def test_own_samples_are_compared_too(checkpoint: Path, tmp_path: Path) -> None:
    records = []
    for at in range(3):
        path = tmp_path / f"{at}.jpg"
        Image.new("RGB", (50 + at, 40), (80 * at, 10, 200)).save(path)
        records.append(Record(id=None, image=path, captions=(f"picture {at}",)))
    (tmp_path / "bad.jpg").write_bytes(b"text")
    records.insert(0, Record(id=None, image=tmp_path / "bad.jpg", captions=("never seen",)))
    samples = samples_from(records, "mine")
    assert len(samples.pictures) == 3
    assert samples.captions == ("picture 0", "picture 1", "picture 2")
    made = made_samples(32, 24)
    parity = export_bundle(str(checkpoint), tmp_path / "bundle", samples=samples).passport["parity"]
    assert parity["pictures"] == 3 + len(made.pictures)
    assert parity["texts"] == 3 + len(made.captions)
    assert parity["samples"] == "mine and made pictures"


def test_samples_without_a_usable_picture_are_refused(tmp_path: Path) -> None:
    record = Record(id=None, image=tmp_path / "gone.jpg", captions=("a",))
    with pytest.raises(UnusableData, match=r"gone\.jpg: No such file"):
        samples_from([record], "mine")
    with pytest.raises(UnusableData, match="it has no pictures"):
        samples_from([], "mine")


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

    def test_an_old_bundle_stays(self, bundle: Bundle, checkpoint: Path, tmp_path: Path) -> None:
        shutil.copytree(bundle.path, tmp_path / "bundle")
        copy = spoil(
            checkpoint, tmp_path / "bad", lambda weights: weights["text_projection.weight"].fill_(float("nan"))
        )
        self.refused(copy, tmp_path / "bundle", "NaN|differs", Exception)
        assert Bundle.load(tmp_path / "bundle", verify=True).fingerprint == bundle.fingerprint

    def test_a_processor_that_squeezes(self, checkpoint: Path, tmp_path: Path) -> None:
        copy = tmp_path / "checkpoint"
        shutil.copytree(checkpoint, copy)
        edit_json(copy / "preprocessor_config.json", size={"height": 32, "width": 32})
        self.refused(copy, tmp_path / "bundle", "differs from the checkpoint")

    def test_another_end_of_text_than_the_tokenizers(self, checkpoint: Path, tmp_path: Path) -> None:
        copy = tmp_path / "checkpoint"
        shutil.copytree(checkpoint, copy)
        config = json.loads((copy / "config.json").read_text("utf-8"))
        config["text_config"]["eos_token_id"] = 17
        (copy / "config.json").write_text(json.dumps(config))
        self.refused(copy, tmp_path / "bundle", "ends a text at token 17, its tokenizer at")

    def test_what_is_no_checkpoint(self, tmp_path: Path) -> None:
        self.refused(tmp_path / "nowhere", tmp_path / "bundle", "is no checkpoint folder", ModelUnavailable)

    def test_a_place_that_is_taken(self, bundle: Bundle, checkpoint: Path) -> None:
        with pytest.raises(BundleError, match="--force"):
            export_bundle(str(checkpoint), bundle.path)

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
        while not list(tmp_path.glob("models/.bundle.partial-*/*")) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(how)
        _, notes = process.communicate(timeout=30)
    assert process.returncode == 130, notes
    assert notes.splitlines()[-1].startswith("clipseek: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_reference_and_bundle_see_the_same_files(bundle: Bundle, checkpoint: Path) -> None:
    """Samples are files' bytes: a transparent or turned picture is opened alike on both sides."""
    import io

    picture = Image.new("RGBA", (40, 50), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 20, 50))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    samples = Samples((buffer.getvalue(),) * 2, ("a", "b"), "one transparent picture")
    assert difference(
        from_bundle(bundle, samples, 2), reference(load_checkpoint(str(checkpoint)), samples)
    ).acceptable()
