"""fp16 and bf16 towers: half precision inside, the same ends, judged like int8."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder, DeviceError
from clipseek.encoder.bundle.writer import write_passport
from clipseek.encoder.device.gpu import gpu_in_sight
from clipseek.export.graph.files import load_graph

from tests.models import quiet

with quiet():
    import torch
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused
    from clipseek.export.graph.fp16_compute import ComputeDtype, convert_compute_dtype
    from clipseek.export.parity import verify_against
    from clipseek.export.verdict import Verdict
    from clipseek.training.model.checkpoint import load_checkpoint

pytestmark = pytest.mark.train

LAYERS = 2
without_gpu = pytest.mark.skipif(gpu_in_sight(), reason="this machine has a GPU; the refusal is for those without")


@pytest.fixture(scope="module")
def half(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "fp16", precision="fp16")


def kinds(path: Path) -> Counter[str]:
    """Kinds of the weights' numbers, and how many have each."""
    from onnx import TensorProto

    found: Counter[str] = Counter()
    for tensor in load_graph(path).graph.initializer:
        found[TensorProto.DataType.Name(tensor.data_type)] += int(np.prod(tensor.dims or [1]))
    return found


def test_weights_and_steps_are_half_and_the_ends_are_not(half: Bundle, full: Bundle) -> None:
    assert (half.precision, half.passport["storage"]) == ("fp16", "fp16")
    for name, inputs, scaling in (("image.onnx", {2}, 6), ("text.onnx", {7}, 0)):
        found = kinds(half.path / name)
        assert found["FLOAT"] == scaling  # of pixels: three scales and three shifts
        assert found["FLOAT16"] == kinds(full.path / name)["FLOAT"] - scaling
        graph = load_graph(half.path / name).graph
        assert {entry.type.tensor_type.elem_type for entry in graph.input} == inputs  # uint8, int64: as they were
        assert [entry.type.tensor_type.elem_type for entry in graph.output] == [1]
        operators = Counter(node.op_type for node in graph.node)
        assert operators["MultiHeadAttention"] == LAYERS  # on a GPU that is where it counts
        assert operators["Softmax"] == 0
        assert half.passport["sizes"][name] < 0.75 * full.passport["sizes"][name]


def test_vectors_are_near_and_not_the_same(half: Bundle, full: Bundle) -> None:
    assert half.fingerprint != full.fingerprint
    texts = ["a red cat", "two dogs on the house", "blue"]
    ours, theirs = (ClipEncoder(bundle, device="cpu").encode_texts(texts) for bundle in (half, full))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)  # normalised in float32
    assert (ours * theirs).sum(1).min() > 0.9995
    assert np.abs(ours - theirs).max() > 1e-6


def test_it_is_judged_and_the_verdict_is_kept(half: Bundle, checkpoint: Path) -> None:
    (verdict,) = half.passport["gates"]
    assert (verdict["precision"], verdict["passed"], verdict["accepted_loss"]) == ("fp16", True, False)
    assert 0.999 < verdict["image_min_cosine"] < 1
    assert gpu_in_sight() or verdict["judged_on"] == "the CPU, each step rounded to fp16"
    assert "judged on" in Verdict.from_dict(verdict).in_words()
    assert verdict["fp16"]["bytes"] < verdict["fp32"]["bytes"]
    assert half.passport["parity"]["image_max_abs"] <= 1e-4  # of the fp32 towers it was made from
    assert half.passport["parity"]["reduction"]["text_min_cosine"] > 0.999
    assert verify_against(half, str(checkpoint))["text_min_cosine"] > 0.999


def test_a_loss_too_large_is_refused(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clipseek.export import gate

    monkeypatch.setattr(gate, "MIN_COSINE", 1.01)
    with pytest.raises(ExportRefused, match=r"fp16 does not pass its gate: .*--accept-loss"):
        export_bundle(str(checkpoint), tmp_path / "bundle", precision="fp16")
    assert list(tmp_path.iterdir()) == []
    accepted = export_bundle(str(checkpoint), tmp_path / "bundle", precision="fp16", accept_loss=True)
    assert accepted.passport["gates"][0]["accepted_loss"]


def test_weights_beyond_float16_become_its_largest(plain_uint8: Path, tmp_path: Path) -> None:
    from onnx import TensorProto, numpy_helper

    model = load_graph(plain_uint8 / "text.onnx")
    tensor = next(one for one in model.graph.initializer if one.data_type == TensorProto.FLOAT)
    tensor.CopyFrom(numpy_helper.from_array(np.full(tensor.dims, -1e9, np.float32), tensor.name))
    (tmp_path / "text.onnx").write_bytes(model.SerializeToString())
    convert_compute_dtype(tmp_path / "text.onnx", tmp_path / "half.onnx", "fp16")
    (found,) = (one for one in load_graph(tmp_path / "half.onnx").graph.initializer if one.name == tensor.name)
    assert numpy_helper.to_array(found).min() == -65504.0


def evaluate(path: Path, given: dict[str, Any]) -> Any:
    """What ONNX's own reference makes of it: the one implementation of bf16 on a CPU."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    if kinds(path)["BFLOAT16"] and tuple(map(int, onnx.__version__.split(".")[:2])) < (1, 23):
        pytest.skip("ONNX's reference multiplies no bf16 before 1.23")
    outputs: Any = ReferenceEvaluator(str(path)).run(None, given)
    return outputs[0]


def inputs(tower: str, plain_uint8: Path) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    if tower == "image":
        return {"pixels": rng.integers(0, 256, (3, 32, 32, 3), np.uint8)}
    ids = rng.integers(0, 500, (3, 9))
    ids[:, -1] = load_checkpoint(str(plain_uint8.parent / "checkpoint")).tokenizer.eos_token_id
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def cosine(ours: Any, theirs: Any) -> float:
    """The lowest of all rows."""
    return float(torch.nn.functional.cosine_similarity(torch.from_numpy(ours), torch.from_numpy(theirs)).double().min())


@pytest.mark.parametrize(("kind", "least"), [("fp16", 0.9999), ("bf16", 0.995)])
@pytest.mark.parametrize("tower", ["image", "text"])
def test_the_graph_is_valid_onnx_and_computes_nearly_the_same(
    kind: ComputeDtype, least: float, tower: str, plain_uint8: Path, tmp_path: Path
) -> None:
    import onnx

    out = tmp_path / f"{tower}.onnx"
    assert convert_compute_dtype(plain_uint8 / f"{tower}.onnx", out, kind) > 6 * LAYERS
    onnx.checker.check_model(str(out), full_check=True)  # kinds of every step are inferred, and must fit
    graph = load_graph(out).graph
    wanted = onnx.TensorProto.FLOAT16 if kind == "fp16" else onnx.TensorProto.BFLOAT16
    # The patches' convolution is in float32 under bf16; nothing else is.
    convolution = {name for node in graph.node if node.op_type == "Conv" for name in node.input}
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            assert tensor.name.startswith("pixels_to_floats") or (kind == "bf16" and tensor.name in convolution)
    assert any(tensor.data_type == wanted for tensor in graph.initializer)
    given = inputs(tower, plain_uint8)
    ours, theirs = evaluate(out, given), evaluate(plain_uint8 / f"{tower}.onnx", given)
    assert ours.dtype == np.float32
    assert least < cosine(ours, theirs) < 0.9999999


@without_gpu
class TestBf16WithoutAGpu:
    def test_the_export_is_refused_before_it_starts(self, tmp_path: Path) -> None:
        with pytest.raises(ExportRefused, match="no bf16 products, and no NVIDIA driver is in sight") as caught:
            export_bundle(str(tmp_path / "nowhere"), tmp_path / "bundle", precision="bf16")
        assert "\n" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("device", ["auto", "cpu", "cuda"])
    def test_a_bundle_of_it_is_refused(self, device: Any, half: Bundle, tmp_path: Path) -> None:
        import shutil

        shutil.copytree(half.path, tmp_path / "bundle")
        facts = {
            name: half.passport[name] for name in ("dimension", "image", "text", "logit_scale", "provenance", "parity")
        }
        write_passport(tmp_path / "bundle", {**facts, "precision": "bf16"})
        with pytest.raises(DeviceError, match="computes in bf16, for which onnxruntime's CPU provider has no products"):
            ClipEncoder(Bundle.load(tmp_path / "bundle"), device=device)

    def test_onnxruntime_really_cannot(self, plain_uint8: Path, tmp_path: Path) -> None:
        from clipseek.encoder import BundleError
        from clipseek.encoder.device.session import open_session

        convert_compute_dtype(plain_uint8 / "text.onnx", tmp_path / "text.onnx", "bf16")
        with pytest.raises(BundleError, match="NOT_IMPLEMENTED"):  # where this fails, bf16 can be offered on CPUs too
            open_session(tmp_path / "text.onnx", "cpu")
