"""Loading and saving checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.models import make_tiny_clip

pytestmark = pytest.mark.train


def test_saved_and_loaded_again_it_is_the_same(tmp_path: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint

    first = load_checkpoint(str(make_tiny_clip(tmp_path / "a")))
    (tmp_path / "b").mkdir()
    first.save(tmp_path / "b")
    second = load_checkpoint(str(tmp_path / "b"))
    assert (first.image, first.context_length) == (second.image, second.context_length)
    texts = ["a red cat", "", "many " * 200]
    assert torch.equal(*(each.encode_tokens(each.tokenize(texts)) for each in (first, second)))
    pixels = torch.rand(2, 3, first.image.size, first.image.size)
    assert torch.equal(first.encode_pixels(pixels), second.encode_pixels(pixels))


def test_captions_are_padded_to_the_longest_and_cut_at_the_context(tmp_path: Path) -> None:
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path, context_length=12)))
    assert checkpoint.tokenize(["a", "a red cat"])["input_ids"].shape == (2, 5)
    assert checkpoint.tokenize(["a", "cat " * 40])["input_ids"].shape == (2, 12)


def test_texts_grouped_by_length_come_back_in_order(tmp_path: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path)))
    texts = ["a red cat " * (1 + at * 7 % 5) + "dog " * (at % 3) for at in range(70)]
    together = checkpoint.encode_tokens(checkpoint.tokenize(texts))
    alone = torch.cat([checkpoint.encode_tokens(checkpoint.tokenize([text])) for text in texts])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/no/such/folder", "is no checkpoint folder"),
        ("./nowhere", "is no checkpoint folder"),
        ("someone/no-such-clip", "cannot be fetched from the hub"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(name: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("transformers.utils.hub._is_offline_mode", True)
    with pytest.raises(ModelUnavailable, match=expected) as problem:
        load_checkpoint(name)
    assert "\n" not in str(problem.value)
    assert name in str(problem.value)


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

    folder = make_tiny_clip(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ModelUnavailable, match="its model_type is 'bert'"):
        load_checkpoint(str(folder))


def test_a_folder_with_missing_weights_is_refused(tmp_path: Path) -> None:
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

    folder = make_tiny_clip(tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="incomplete or broken"):
        load_checkpoint(str(folder))


def test_a_mark_of_the_tokenizer_inside_a_caption_is_text_as_in_a_search(tmp_path: Path) -> None:
    from clipseek.encoder import ClipEncoder
    from clipseek.training.model.checkpoint import load_checkpoint

    from tests.models import make_tiny_bundle

    base = make_tiny_clip(tmp_path / "base")
    checkpoint, texts = load_checkpoint(str(base)), ["a red <|endoftext|> cat", "<|startoftext|> cat", "a red cat"]
    ours = checkpoint.encode_tokens(checkpoint.tokenize(texts)).detach().numpy()
    theirs = ClipEncoder(make_tiny_bundle(base, tmp_path / "bundle"), device="cpu").encode_texts(texts)
    assert float((ours * theirs).sum(1).min()) > 0.9999


def test_a_mark_inside_a_caption_is_counted_as_it_is_read(tmp_path: Path) -> None:
    from clipseek.export.models import counter_of
    from clipseek.training.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(str(make_tiny_clip(tmp_path / "base")))
    count, _ = counter_of(checkpoint)
    for text in ("a red <|endoftext|>", "<|startoftext|>", "a red cat"):
        assert count([text]) == [checkpoint.tokenize([text])["input_ids"].shape[1]]
