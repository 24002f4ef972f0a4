"""Products in oneDNN's order against torch's own linear and activation."""

from __future__ import annotations

from typing import Any, Literal

import pytest

pytestmark = pytest.mark.train

NEAR = {"float32": 1e-5, "bfloat16": 2e-2, "float64": 1e-12}


def weights_of(kind: str) -> dict[str, Any]:
    import torch

    torch.manual_seed(0)
    shapes = {"joint": (96, 32), "out": (32, 32), "first": (128, 32), "second": (32, 128)}
    matrices = {name: torch.randn(shape) for name, shape in shapes.items()}
    biases = {f"{name}_bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    return {name: value.to(getattr(torch, kind)) for name, value in (matrices | biases).items()}


@pytest.mark.parametrize("name", ["joint", "out", "first", "second"])
@pytest.mark.parametrize("activation", [None, "silu", "gelu"])
@pytest.mark.parametrize("kind", sorted(NEAR))
@pytest.mark.parametrize("learns", [False, True])
def test_a_product_is_torchs(name: str, activation: Literal["silu", "gelu"] | None, kind: str, learns: bool) -> None:
    import torch
    from clipseek.training.model.packed import product, with_packed
    from torch.nn import functional

    def asked(values: dict[str, Any]) -> dict[str, Any]:
        return {key: value.clone().requires_grad_(learns) for key, value in values.items()}

    plain, own = asked(weights_of(kind)), asked(weights_of(kind))
    own = with_packed(own)
    assert kind == "float64" or len(own) == len(plain) + 4 or not torch.backends.mkldnn.is_available()
    inputs = torch.randn(3, 7, plain[name].shape[1]).to(plain[name].dtype)
    here, there = (inputs.clone().requires_grad_(learns) for _ in range(2))
    with torch.set_grad_enabled(learns):
        wanted = functional.linear(there, plain[name], plain[f"{name}_bias"])
        if activation is not None:
            wanted = getattr(functional, activation)(wanted)
        got = product(here, own, name, activation)
    near = NEAR[kind]
    assert got.dtype == wanted.dtype
    torch.testing.assert_close(got, wanted, rtol=near, atol=20 * near)
    if learns:
        pushed = torch.randn_like(wanted)
        wanted.backward(pushed)
        got.backward(pushed)
        for ours, theirs in ((here, there), *((own[key], plain[key]) for key in (name, f"{name}_bias"))):
            assert ours.grad is not None
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=near, atol=20 * near)
