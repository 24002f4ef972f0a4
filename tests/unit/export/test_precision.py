"""Which variants are judged for a precision."""

from __future__ import annotations

import pytest
from clipseek.encoder.device.gpu import gpu_in_sight

from tests.models import quiet

with quiet():
    from clipseek.export import precision
    from clipseek.export.precision import variant_facts, wanted_variants

pytestmark = pytest.mark.train


@pytest.mark.skipif(gpu_in_sight(), reason="this machine has a GPU; the refusal is for those without")
def test_auto_does_not_try_fp16_without_a_gpu() -> None:
    assert wanted_variants("auto", True) == ["int8", "int8-static"]


def test_auto_tries_fp16_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "gpu_in_sight", lambda: True)
    assert wanted_variants("auto", False) == ["fp16", "int8"]
    assert wanted_variants("bf16", False) == ["bf16"]


def test_a_precision_by_name_is_one_variant_and_fp32_none() -> None:
    assert wanted_variants("fp32", True) == []
    assert wanted_variants("fp16", True) == ["fp16"]
    assert [wanted_variants("int8", calibrated) for calibrated in (False, True)] == [["int8"], ["int8-static"]]


def test_a_passport_states_when_ranges_are_measured_or_what_weights_are_stored_as() -> None:
    assert variant_facts("int8-static") == {"precision": "int8", "ranges": "static"}
    assert variant_facts("bf16") == {"precision": "bf16", "storage": "bf16"}
