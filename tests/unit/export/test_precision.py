"""int8 bundles: smaller, other vectors under another fingerprint, written only when a gate is passed or its loss accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.export.graph.int8_dynamic import PRODUCT, quantize_dynamically
from clipseek.sources import read_records
from PIL import Image

from tests.models import make_tiny_clip, quiet

with quiet():
    from clipseek.export.bundle_vectors import embed_with_bundle
    from clipseek.export.checkpoint import export_bundle
    from clipseek.export.errors import ExportRefused
    from clipseek.export.gate import Gate
    from clipseek.export.int8_calibration import Int8Calibration
    from clipseek.export.verdict import Verdict
    from clipseek.export.verify import verify_against
    from clipseek.training.data.pairs import load_pairs

pytestmark = pytest.mark.train

LAYERS, PRODUCTS = 2, 6  # of the tiny CLIP; query, key, value, output, and two of the MLP in each layer
COLOURS = {"red": (220, 30, 30), "green": (20, 200, 60), "blue": (30, 40, 210), "yellow": (230, 220, 40)}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_clip(tmp_path_factory.mktemp("reduce") / "checkpoint")


@pytest.fixture(scope="module")
def full(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "fp32")


@pytest.fixture(scope="module")
def int8(checkpoint: Path) -> Bundle:
    return export_bundle(str(checkpoint), checkpoint.parent / "int8", precision="int8")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    folder = tmp_path_factory.mktemp("pairs")
    lines = ["image\tcaption"]
    for name, colour in COLOURS.items():
        for side in (40, 60, 80):
            Image.new("RGB", (side, 50), colour).save(folder / f"{name}{side}.png")
            lines.append(f"{name}{side}.png\ta {name} picture {side}")
    (folder / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    source = folder / "pairs.tsv"
    return Gate(str(source), lambda spec: load_pairs(read_records(source), spec), tolerance=1.0)


def operators(path: Path) -> list[str]:
    import onnx

    return [node.op_type for node in onnx.load(str(path)).graph.node]


def test_every_product_of_a_weight_is_int8_and_nothing_else(int8: Bundle, full: Bundle) -> None:
    for name in ("image.onnx", "text.onnx"):
        ours, theirs = operators(int8.path / name), operators(full.path / name)
        patches = int(name == "image.onnx")
        assert ours.count(PRODUCT) == LAYERS * PRODUCTS + 1 + patches  # and the projection
        assert (ours.count("Conv"), theirs.count("Conv")) == (0, patches)
        # Attention's own products stay: two a layer, one fused node a layer in the text tower.
        attention = 2 * LAYERS - 2 * ours.count("MultiHeadAttention")
        assert ours.count("MatMul") == theirs.count("MatMul") - (ours.count(PRODUCT) - patches) == attention
        assert (int8.path / name).stat().st_size < (full.path / name).stat().st_size
    assert sorted(path.name for path in int8.path.iterdir()) == sorted(path.name for path in full.path.iterdir())


def test_vectors_are_near_but_another_fingerprint_keeps_them_apart(int8: Bundle, full: Bundle) -> None:
    assert (int8.precision, full.precision) == ("int8", "fp32")
    assert int8.fingerprint != full.fingerprint
    texts = ["a red cat", "two dogs on the house", "blue"]
    ours, theirs = (ClipEncoder(bundle, device="cpu").encode_texts(texts) for bundle in (int8, full))
    assert (ours * theirs).sum(1).min() > 0.99
    assert np.abs(ours - theirs).max() > 1e-5  # so mixing them in an index would be wrong


def test_without_pairs_the_cosine_on_samples_decides_and_is_kept(int8: Bundle) -> None:
    (verdict,) = int8.passport["gates"]
    assert verdict["gate"] == "cosine on samples"
    assert verdict["passed"]
    assert not verdict["accepted_loss"]
    assert 0.99 <= verdict["text_min_cosine"] < 1
    assert 0 < verdict["int8"]["bytes"] < verdict["fp32"]["bytes"]
    assert int8.passport["parity"]["image_max_abs"] <= 1e-4  # of the fp32 towers it was made from
    assert int8.passport["parity"]["reduction"]["image_max_abs"] > 1e-4
    assert Bundle.load(int8.path, verify=True) == int8


def test_held_out_pairs_decide_and_both_figures_are_kept(checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
    bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", gate=gate)
    (verdict,) = bundle.passport["gates"]
    assert verdict["pairs"] == verdict["pictures"] == 12
    assert verdict["source"] == gate.source
    for direction in ("text_to_image", "image_to_text"):
        for precision in ("fp32", "int8"):
            figures = verdict[precision][direction]
            assert 0 < figures["MRR@10"] <= figures["R@10"] <= 1
    assert "12 pairs" in Verdict.from_dict(verdict).in_words()
    losses = [
        verdict["fp32"][direction][name] - verdict["int8"][direction][name]
        for direction in ("text_to_image", "image_to_text")
        for name in ("MRR@10", "R@10")
    ]
    assert verdict["loss"] == pytest.approx(max(losses))


class TestALossTooLarge:
    def strict(self, gate: Gate) -> Gate:
        return Gate(gate.source, gate.load, tolerance=-2.0)  # no model gains so much

    def test_is_refused_and_nothing_is_written(self, checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
        with pytest.raises(ExportRefused, match=r"does not pass its gate: .*--accept-loss") as caught:
            export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", gate=self.strict(gate))
        assert "\n" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []

    def test_can_be_accepted_and_the_passport_says_so(self, checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
        bundle = export_bundle(
            str(checkpoint), tmp_path / "bundle", precision="int8", gate=self.strict(gate), accept_loss=True
        )
        (verdict,) = bundle.passport["gates"]
        assert (verdict["passed"], verdict["accepted_loss"], bundle.precision) == (False, True, "int8")

    def test_is_never_chosen_by_auto(self, checkpoint: Path, gate: Gate, full: Bundle, tmp_path: Path) -> None:
        bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="auto", gate=self.strict(gate))
        assert bundle.fingerprint == full.fingerprint
        assert [(row["precision"], row["passed"], row["kept"]) for row in bundle.passport["candidates"]] == [
            ("fp32", True, True),
            ("int8", False, False),
        ]


def test_auto_keeps_the_faster_of_those_that_pass(checkpoint: Path, tmp_path: Path) -> None:
    bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="auto")
    table = bundle.passport["candidates"]
    seconds = [1 / row["pictures_per_second"] + 1 / row["texts_per_second"] for row in table]
    assert [row["kept"] for row in table] == [at == seconds.index(min(seconds)) for at in range(2)]
    assert bundle.precision == next(row["precision"] for row in table if row["kept"])
    assert [path for path in bundle.path.iterdir() if path.is_dir()] == []


def test_stored_as_fp16_the_rest_shrinks_too(checkpoint: Path, int8: Bundle, tmp_path: Path) -> None:
    import onnx

    bundle = export_bundle(str(checkpoint), tmp_path / "bundle", precision="int8", storage="fp16")
    kinds = {tensor.data_type for tensor in onnx.load(str(bundle.path / "text.onnx")).graph.initializer}
    assert {onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8} <= kinds
    assert bundle.passport["sizes"]["text.onnx"] < int8.passport["sizes"]["text.onnx"]
    assert bundle.passport["storage"] == "fp16"


@pytest.fixture(scope="module")
def static(checkpoint: Path, gate: Gate) -> Bundle:
    """Its ranges measured on the gate's own pairs."""
    calibration = Int8Calibration(gate.source, gate.load)
    out = checkpoint.parent / "static"
    return export_bundle(str(checkpoint), out, precision="int8", gate=gate, calibration=calibration)


class TestStatic:
    def test_no_range_is_measured_in_a_run(self, static: Bundle, int8: Bundle) -> None:
        for name in ("image.onnx", "text.onnx"):
            kinds = operators(static.path / name)
            assert "DynamicQuantizeLinear" not in kinds
            assert kinds.count("QuantizeLinear") > 0
            assert "DynamicQuantizeLinear" in operators(int8.path / name)
        assert (static.precision, static.passport["ranges"], int8.passport["ranges"]) == ("int8", "static", "dynamic")
        assert static.passport["provenance"]["calibrated_on"].endswith("pairs.tsv")
        assert [verdict["ranges"] for verdict in static.passport["gates"]] == ["static"]
        assert [path for path in static.path.iterdir() if path.is_dir()] == []

    def test_a_vector_does_not_depend_on_its_batch(self, static: Bundle, int8: Bundle) -> None:
        texts = ["a red cat", "two dogs on the house", "blue"]

        def apart(bundle: Bundle) -> float:
            encoder = ClipEncoder(bundle, device="cpu", threads=1)
            alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
            return float(np.abs(encoder.encode_texts(texts) - alone).max())

        assert apart(static) < 1e-6 < apart(int8)

    def test_vectors_are_near_those_of_fp32(self, static: Bundle, full: Bundle, gate: Gate) -> None:
        pairs = gate.load(full.image)
        ours, theirs = (embed_with_bundle(ClipEncoder(bundle, device="cpu"), pairs) for bundle in (static, full))
        for mine, other in zip(ours, theirs, strict=True):
            assert (mine * other).sum(1).min() > 0.98

    def test_auto_judges_both(self, checkpoint: Path, gate: Gate, tmp_path: Path) -> None:
        calibration = Int8Calibration(gate.source, gate.load)
        made = export_bundle(str(checkpoint), tmp_path / "bundle", precision="auto", gate=gate, calibration=calibration)
        assert [row["ranges"] for row in made.passport["candidates"]] == [None, "dynamic", "static"]
        assert [verdict["ranges"] for verdict in made.passport["gates"]] == ["dynamic", "static"]
        assert sum(row["kept"] for row in made.passport["candidates"]) == 1
        assert Bundle.load(made.path, verify=True) == made
        assert [path for path in made.path.iterdir() if path.is_dir()] == []


def test_a_graph_without_weights_to_reduce_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    value: Any = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "none", value[:1], value[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), str(tmp_path / "image.onnx"))
    with pytest.raises(ExportRefused, match="no product of weights"):
        quantize_dynamically(tmp_path / "image.onnx", tmp_path / "out.onnx")


class TestVerify:
    @pytest.mark.parametrize("kind", ["full", "int8"])
    def test_the_checkpoint_it_came_from(self, kind: str, checkpoint: Path, request: pytest.FixtureRequest) -> None:
        found = verify_against(request.getfixturevalue(kind), str(checkpoint))
        assert found["image_min_cosine"] > 0.99
        assert (found["image_max_abs"] <= 1e-4) == (kind == "full")

    def test_rounded_weights(self, checkpoint: Path, tmp_path: Path) -> None:
        half = export_bundle(str(checkpoint), tmp_path / "half", storage="fp16")
        assert verify_against(half, str(checkpoint))["text_max_abs"] <= 1e-4

    @pytest.mark.parametrize("kind", ["full", "int8"])
    def test_another_checkpoint(self, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        other = make_tiny_clip(tmp_path / "other", seed=1)
        with pytest.raises(ExportRefused, match="does not give the vectors of"):
            verify_against(request.getfixturevalue(kind), str(other))

    def test_another_shape(self, full: Bundle, tmp_path: Path) -> None:
        other = make_tiny_clip(tmp_path / "other", dimension=64)
        with pytest.raises(ExportRefused, match=r"gives 48 numbers, .* 64"):
            verify_against(full, str(other))
