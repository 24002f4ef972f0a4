"""An MLP whose output is known learns as one that is computed: torch's autograd is the oracle."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.train

NEAR = {"float32": 1e-5, "bfloat16": 3e-2}
WIDTH, INNER = 32, 96


def made(kind: str, frozen: tuple[str, ...]) -> tuple[Any, Any, dict[str, Any]]:
    """(hidden, norm, weights), leaves that learn but for the ``frozen``."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    norm = nn.LayerNorm(WIDTH)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_()
    shapes = {"joint": (3 * WIDTH, WIDTH), "out": (WIDTH, WIDTH), "first": (INNER, WIDTH), "second": (WIDTH, INNER)}
    weights = {name: torch.randn(shape) / shape[1] ** 0.5 for name, shape in shapes.items()}
    weights |= {f"{name}_bias": torch.randn(shape[0]) / 4 for name, shape in shapes.items()}
    weights = {name: value.to(getattr(torch, kind)) for name, value in weights.items()}
    hidden = torch.randn(4, 5, WIDTH)
    for name, value in {"hidden": hidden, "scale": norm.weight, "shift": norm.bias, **weights}.items():
        value.requires_grad_(name not in frozen)
    return hidden, norm, weights


@pytest.mark.parametrize("kind", sorted(NEAR))
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("frozen", [(), ("hidden", "scale", "shift"), ("first", "first_bias"), ("second", "shift")])
def test_the_gradients_are_those_of_the_mlp(kind: str, quick: bool, packs: bool, frozen: tuple[str, ...]) -> None:
    import torch
    from clipseek.training.model.packed import with_packed
    from clipseek.training.model.recall import recalled
    from torch.nn import functional

    hidden, norm, weights = made(kind, frozen)
    activation = functional.silu if quick else functional.gelu
    normed = norm(hidden).to(weights["first"].dtype)
    inner = activation(functional.linear(normed, weights["first"], weights["first_bias"]))
    wanted = functional.linear(inner, weights["second"], weights["second_bias"])
    pushed = torch.randn_like(wanted)
    wanted.backward(pushed)
    ours_hidden, ours_norm, ours = made(kind, frozen)
    got = recalled(ours_hidden, ours_norm, with_packed(ours) if packs else ours, quick, wanted.detach())
    assert torch.equal(got, wanted)
    got.backward(pushed)
    pairs = [(ours_hidden, hidden), (ours_norm.weight, norm.weight), (ours_norm.bias, norm.bias)]
    pairs += [(ours[name], weights[name]) for name in ("first", "first_bias", "second", "second_bias")]
    for mine, theirs in pairs:
        assert (mine.grad is None) == (theirs.grad is None)
        if theirs.grad is not None:
            near = NEAR[kind]
            torch.testing.assert_close(mine.grad, theirs.grad, rtol=near, atol=near * float(theirs.grad.abs().max()))


def test_what_is_kept_is_taken_and_not_made_again() -> None:
    import torch
    from clipseek.training.model.recall import recalled

    hidden, norm, weights = made("float32", ())
    kept = torch.full((4, 5, WIDTH), 7.0)
    assert torch.equal(recalled(hidden, norm, weights, True, kept), kept)


def test_places_follow_one_another_and_end() -> None:
    import torch
    from clipseek.training.model.recall import Outputs

    outputs = Outputs(2, 20, 8, torch.float32, torch.device("cpu"))
    first, second = outputs.at(0, 2, 4), outputs.at(8, 4, 3)
    assert first is not None
    assert second is not None
    for at in range(2):
        first[at].fill_(1 + at)
        second[at].fill_(3 + at)
    again = outputs.at(0, 5, 4)
    assert again is not None
    assert [layer.shape for layer in again] == [(5, 4, 8)] * 2
    assert [layer.flatten()[: 8 * 8].unique().tolist() for layer in again] == [[1.0], [2.0]]
    assert [layer.flatten()[8 * 8 :].unique().tolist() for layer in again] == [[3.0], [4.0]]
    assert outputs.at(8, 5, 3) is None
