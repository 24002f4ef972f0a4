"""The base model's recipe: its vocabulary, its shape, and the views it learns from."""

from __future__ import annotations

import random

import pytest

torch = pytest.importorskip("torch", reason="the base model's recipe needs the train extra")

from clipseek.demo.base import student  # noqa: E402
from clipseek.demo.base.distill import agree, contrastive  # noqa: E402
from clipseek.demo.base.tokens import Tokens  # noqa: E402
from clipseek.demo.base.views import caption_variants, clean_views, line_art, random_views, recolour  # noqa: E402
from clipseek.demo.story import base_checkpoint  # noqa: E402

pytestmark = pytest.mark.train


def test_ids_equal_those_of_transformers() -> None:
    from transformers import CLIPTokenizer

    theirs = CLIPTokenizer.from_pretrained(base_checkpoint())
    ours = student.clip_tokenizer()
    for text in ("shopping cart", "Battery: 50%, it's   charging", "naïve café", "", "a-b_c"):
        assert ours.encode(text).ids == theirs(text)["input_ids"], text


def test_the_student_is_a_clip_of_the_promised_size() -> None:
    model = student.new_student()
    assert 10e6 < sum(p.numel() for p in model.parameters()) < 25e6
    with torch.no_grad():
        vectors = model.visual_projection(model.vision_model(torch.zeros(2, 3, 96, 96)).pooler_output)
    assert vectors.shape == (2, 256)


def test_equal_concepts_are_not_negatives() -> None:
    images, texts = torch.eye(3), torch.eye(3)[[1, 0, 2]]  # each of the first two captions fits the other's picture
    together = contrastive(images, texts, torch.tensor([0, 0, 1]), torch.tensor(1.0))
    apart = contrastive(images, texts, torch.tensor([0, 1, 2]), torch.tensor(1.0))
    assert together < apart


def test_views_keep_the_white_around_a_drawing() -> None:
    white = torch.full((8, 3, 128, 128), 255, dtype=torch.uint8)
    assert clean_views(white, 96).shape == (8, 3, 96, 96)
    views = random_views(white, 96)
    assert views.shape == (8, 3, 96, 96)
    for view in views:
        # Shifts show no border: what lies outside the drawing is as white as the drawing.
        assert (view.amax((1, 2)) - view.amin((1, 2))).max() < 1e-4


def test_caption_variants_start_with_the_caption_and_its_title() -> None:
    variants = caption_variants("red car: vehicle, auto", 6, random.Random(0))
    assert variants[:2] == ["red car: vehicle, auto", "red car"]
    assert len(variants) == 6
    assert all(variant for variant in variants)
    assert caption_variants("plain", 3, random.Random(0)) == ["plain"] * 3


def test_batches_of_like_lengths_hold_every_text_once() -> None:
    texts = ["a", "a long caption of many words", "two words", "b"]
    tokenizer = student.clip_tokenizer()
    end = tokenizer.token_to_id("<|endoftext|>")
    tokens = Tokens(tokenizer, texts, 48, end, end)
    batches = tokens.batches(torch.tensor([3, 1, 2]), 2)
    assert sorted(int(row) for rows, _ in batches for row in rows) == [0, 1, 2]
    for rows, ids in batches:
        for row, line in zip(rows, ids, strict=True):
            text = texts[[3, 1, 2][int(row)]]
            assert line.tolist()[: len(tokenizer.encode(text).ids)] == tokenizer.encode(text).ids


def test_agreement_is_zero_with_the_teacher_and_positive_without() -> None:
    rows, bank = (torch.nn.functional.normalize(torch.randn(n, 8), dim=-1) for n in (5, 30))
    assert float(agree(rows, rows, bank, 20.0)) == pytest.approx(0, abs=1e-5)
    assert float(agree(rows.flip(0), rows, bank, 20.0)) > 0.1


def test_line_art_is_dark_where_colours_meet_and_white_elsewhere() -> None:
    picture = torch.ones(1, 3, 20, 20)
    picture[:, 0, :, 10:] = 0
    drawn = line_art(picture)
    assert float(drawn[0, :, 5, 9:11].max()) < 0.2
    assert float(drawn[0, :, 5, :8].min()) == float(drawn[0, :, 5, 13:].min()) == 1.0


def test_recoloured_pictures_keep_the_shape_mirrored() -> None:
    picture = torch.zeros(4, 3, 16, 16, dtype=torch.uint8)
    picture[..., :4] = 200
    changed = recolour(picture)
    assert (changed[..., -4:] == 200).all()
    assert (changed[..., :-4] == 0).all()
