"""The contrastive loss against cases worked out by hand."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.train


def test_distinct_pairs_give_clips_own_loss() -> None:
    import torch
    from clipseek.training.step.loss import contrastive_loss

    generator = torch.Generator().manual_seed(0)
    images, texts = (torch.nn.functional.normalize(torch.randn(8, 5, generator=generator), dim=-1) for _ in range(2))
    scale = torch.tensor(2.0)
    logits = scale.exp() * images @ texts.T
    labels = torch.arange(8)
    clip = (torch.nn.functional.cross_entropy(logits, labels) + torch.nn.functional.cross_entropy(logits.T, labels)) / 2
    ours = contrastive_loss(images, texts, torch.arange(8)[:, None], scale)
    torch.testing.assert_close(ours, clip)


def test_equal_pairs_are_not_pushed_apart() -> None:
    import torch
    from clipseek.training.step.loss import contrastive_loss

    # Images and texts along the axes: texts.grad[j, i] is the pull of picture i on text j, and nothing else.
    def pull(keys: list[list[int]]) -> torch.Tensor:
        texts = torch.eye(3).requires_grad_()
        contrastive_loss(torch.eye(3), texts, torch.tensor(keys), torch.tensor(0.0)).backward()
        assert texts.grad is not None
        return texts.grad

    apart, together = pull([[6, 1], [7, 2], [8, 3]]), pull([[7, 1], [7, 2], [8, 3]])
    assert apart[1, 0] > 0  # a negative: gradient descent turns text 1 away from picture 0
    assert together[1, 0] < 0
    torch.testing.assert_close(together[0, 1], together[1, 0])
    torch.testing.assert_close(together[2], apart[2])  # the third pair is as before


def test_unknown_keys_make_nothing_equal() -> None:
    import torch
    from clipseek.training.step.loss import contrastive_loss

    rows = torch.eye(2)
    unknown = contrastive_loss(rows, rows, torch.tensor([[0, -1], [1, -1]]), torch.tensor(0.0))
    assert float(unknown) == pytest.approx(-math.log(math.e / (math.e + 1)))
    shared = contrastive_loss(rows, rows, torch.tensor([[0, 5], [1, 5]]), torch.tensor(0.0))
    assert float(shared) == pytest.approx(-0.5 * (math.log(math.e / (math.e + 1)) + math.log(1 / (math.e + 1))))


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_the_scale_is_clamped_where_a_recipe_has_a_ceiling(loss: str) -> None:
    import torch
    from clipseek.training.config import TrainConfig
    from clipseek.training.step.loss import Objective

    pictures, keys = torch.tensor([[1.0, 0.0], [0.6, 0.8]]), torch.arange(2)[:, None]
    texts = pictures.flip(0)  # each the other's, so that the loss rises with the scale

    def value(scale: float, ceiling: float) -> float:
        objective = Objective(TrainConfig(loss=loss, max_scale=ceiling))
        objective.begun.fill_(True)  # no bias of its own for each scale
        return float(objective(pictures, texts, keys, torch.tensor(math.log(scale))).detach())

    assert value(150.0, 100.0) == value(100.0, 100.0)
    assert value(10.0, 0.0) == value(10.0, 100.0)
    assert value(150.0, 0.0) > value(100.0, 0.0) + 10


def test_siglip_by_hand() -> None:
    """Zhai et al. 2023, algorithm 1: every pair on its own, labels +1 and -1."""
    import torch
    from clipseek.training.step.loss import sigmoid_loss

    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    loss = sigmoid_loss(rows, rows, torch.arange(2)[:, None], torch.tensor(math.log(4.0)), torch.tensor(-1.0))
    right, wrong = math.log(1 + math.exp(-3.0)), math.log(1 + math.exp(-1.0))
    assert float(loss) == pytest.approx(right + wrong)


def test_the_bias_is_where_the_mean_probability_is_the_share_of_positives() -> None:
    import torch
    from clipseek.training.step.loss import balancing_bias

    generator = torch.Generator().manual_seed(0)
    images, texts = (torch.nn.functional.normalize(torch.randn(32, 8, generator=generator), dim=-1) for _ in range(2))
    scale = torch.tensor(2.5)
    bias = balancing_bias(images, texts, torch.arange(32)[:, None], scale)
    mean = torch.sigmoid(scale.exp() * images @ texts.T + bias).mean()
    assert float(mean) == pytest.approx(1 / 32, rel=1e-3)


def test_without_shared_targets_equal_keys_are_negatives() -> None:
    import torch
    from clipseek.training.step.loss import positives

    keys = torch.tensor([[0, 5], [1, 5], [2, -1], [3, -1]])
    assert positives(keys).int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert torch.equal(positives(keys, share=False), torch.eye(4, dtype=torch.bool))


def test_what_is_ignored_is_neither_positive_nor_negative() -> None:
    import torch
    from clipseek.training.step.loss import contrastive_loss, sigmoid_loss

    generator = torch.Generator().manual_seed(0)
    images, texts = (torch.nn.functional.normalize(torch.randn(4, 5, generator=generator), dim=-1) for _ in range(2))
    keys, scale = torch.arange(4)[:, None], torch.tensor(1.0)
    ignored = torch.zeros(4, 4, dtype=torch.bool)
    ignored[0, 2] = ignored[1, 1] = True  # the second is the pair itself, which stays right
    logits = scale.exp() * images @ texts.T
    logits[0, 2] = -torch.inf
    labels = torch.arange(4)
    by_hand = (
        torch.nn.functional.cross_entropy(logits, labels) + torch.nn.functional.cross_entropy(logits.T, labels)
    ) / 2
    torch.testing.assert_close(contrastive_loss(images, texts, keys, scale, ignored=ignored), by_hand)
    bias = torch.tensor(-1.0)
    every = [sigmoid_loss(images, texts, keys, scale, bias, ignored=mask) for mask in (None, ignored)]
    left_out = math.log1p(math.exp(float(scale.exp() * images[0] @ texts[2] + bias))) / 4
    assert float(every[0] - every[1]) == pytest.approx(left_out, rel=1e-5)


def test_intra_modal_answers_are_all_others_of_the_same_kind() -> None:
    """By hand, one row at a time: the other kind's N, then its own kind's without itself and what is right for it."""
    import torch
    from clipseek.training.step.loss import contrastive_loss

    generator = torch.Generator().manual_seed(0)
    images, texts = (torch.nn.functional.normalize(torch.randn(4, 5, generator=generator), dim=-1) for _ in range(2))
    keys = torch.tensor([[0], [1], [1], [3]])  # the second and third are right for each other
    scale = torch.tensor(1.2)
    total = 0.0
    for one, other in ((images, texts), (texts, images)):
        for row in range(4):
            right = [at for at in range(4) if keys[at] == keys[row]]
            across = [math.exp(float(scale.exp() * one[row] @ other[at])) for at in range(4)]
            within = [math.exp(float(scale.exp() * one[row] @ one[at])) for at in range(4) if at not in right]
            for at in right:
                total -= math.log(across[at] / (sum(across) + sum(within))) / len(right) / 8
    assert float(contrastive_loss(images, texts, keys, scale, intra_modal=True)) == pytest.approx(total, rel=1e-5)
