"""Products in oneDNN's order against torch's own linear and activation."""

from __future__ import annotations

from typing import Literal

import pytest

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", ["joint", "out", "first", "second"])
@pytest.mark.parametrize("activation", [None, "silu", "gelu"])
@pytest.mark.parametrize("kind", ["float32", "bfloat16", "float64"])
def test_a_packed_product_is_torchs(name: str, activation: Literal["silu", "gelu"] | None, kind: str) -> None:
    import torch
    from clipseek.training.packed import packed, product

    dtype = getattr(torch, kind)
    torch.manual_seed(0)
    shapes = {"joint": (96, 32), "out": (32, 32), "first": (128, 32), "second": (32, 128)}
    weights = {key: torch.randn(shape).to(dtype) for key, shape in shapes.items()}
    made = packed(weights)
    inputs, bias = torch.randn(3, 7, shapes[name][1]).to(dtype), torch.randn(shapes[name][0]).to(dtype)
    with torch.no_grad():
        wanted = torch.nn.functional.linear(inputs, weights[name], bias)
        if activation is not None:
            wanted = getattr(torch.nn.functional, activation)(wanted)
        got = product(inputs, made[name], bias, activation)
    assert got.dtype == dtype
    near = {"float32": 1e-5, "bfloat16": 2e-2, "float64": 1e-12}[kind]
    torch.testing.assert_close(got, wanted, rtol=near, atol=20 * near)
