"""What is no CLIP, or would not give its own library's embeddings, is refused in one line: a folder and a hub id alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models import make_tiny_clip, quiet

pytestmark = pytest.mark.train

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_clip(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny, tmp_path / "copy")
    return tmp_path / "copy"


def edited(name: str, **values: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")

    return change


def weights(edit: Callable[[dict[str, Any]], None]) -> Change:
    def change(folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        path = folder / "model.safetensors"
        held = load_file(path)
        edit(held)
        save_file(held, path, {"format": "pt"})

    return change


def text_config(**values: Any) -> Change:
    def change(folder: Path) -> None:
        held = json.loads((folder / "config.json").read_text("utf-8"))
        edited("config.json", text_config={**held["text_config"], **values})(folder)

    return change


def added_token(special: bool, legacy: bool = True) -> Change:
    """A token after the end token, its embedding in the model; ``legacy``: which pools at the largest id, as OpenAI's do."""

    def change(folder: Path) -> None:
        import torch

        with quiet():
            from transformers import CLIPTokenizerFast

            tokenizer = CLIPTokenizerFast.from_pretrained(folder)
            tokenizer.add_tokens(["<lesion>"], special_tokens=special)
            tokenizer.save_pretrained(folder)
        table = "text_model.embeddings.token_embedding.weight"
        weights(lambda held: held.update({table: torch.cat([held[table], held[table][:1]])}))(folder)
        text_config(eos_token_id=2 if legacy else tokenizer.eos_token_id, vocab_size=len(tokenizer))(folder)

    return change


PIXELS = "preprocessor_config.json"
REFUSED: dict[str, tuple[Change, str]] = {
    "another family": (edited("config.json", model_type="siglip"), "model_type is 'siglip'"),
    "code of its own": (edited("config.json", auto_map={"AutoModel": "x.Y"}), "auto_map"),
    "missing weights": (weights(lambda held: held.pop("visual_projection.weight")), "lacks visual_projection.weight"),
    "unexpected weights": (
        weights(lambda held: held.update(extra=held["logit_scale"].clone())),
        "beyond a CLIP's, extra",
    ),
    "weights of another shape": (
        weights(
            lambda held: held.update({"visual_projection.weight": held["visual_projection.weight"][:, :8].clone()})
        ),
        "incomplete or broken",
    ),
    "numbers that are none": (
        weights(lambda held: held["visual_projection.weight"].fill_(float("nan"))),
        "a picture's embedding is not transformers'",
    ),
    "squashing": (edited(PIXELS, size={"height": 32, "width": 32}), "squashes pictures"),
    "no normalising": (edited(PIXELS, do_normalize=False), "do_normalize is false"),
    "no scaling": (edited(PIXELS, do_rescale=False), "do_rescale is false"),
    "another scale": (edited(PIXELS, rescale_factor=1), "rescale_factor is 1, expected 1/255"),
    "no resizing": (edited(PIXELS, do_resize=False), "do_resize is false"),
    "no crop": (edited(PIXELS, do_center_crop=False), "do_center_crop is false"),
    "a smaller crop": (edited(PIXELS, crop_size={"height": 28, "width": 28}), "resized to 32 and cropped to 28"),
    "another processor": (edited(PIXELS, image_processor_type="SiglipImageProcessor"), "SiglipImageProcessor"),
    "pictures of another size": (
        edited(PIXELS, size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24}),
        "makes pictures of 24 pixels, its model takes 32",
    ),
    "another tokenizer": (edited("tokenizer_config.json", tokenizer_class="BertTokenizer"), "a BertTokenizer"),
    "padding at the left": (edited("tokenizer_config.json", padding_side="left"), "padding_side 'left'"),
    "cut at the left": (edited("tokenizer_config.json", truncation_side="left"), "truncation_side 'left'"),
    "another end of text": (text_config(eos_token_id=17), "ends a text at token 17, its tokenizer at"),
    "an added token": (added_token(special=False), "'<lesion>' .* pooled at its largest token"),
    "an added special token": (added_token(special=True), "'<lesion>' .* pooled at its largest token"),
}


@pytest.mark.parametrize("change", REFUSED)
def test_a_folder_that_would_embed_otherwise_is_refused(change: str, folder: Path) -> None:
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

    edit, message = REFUSED[change]
    edit(folder)
    with pytest.raises(ModelUnavailable, match=message) as caught:
        load_checkpoint(str(folder))
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def siglip(folder: Path) -> None:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    SiglipModel(SiglipConfig(text_config={**small, "vocab_size": 99}, vision_config=small)).save_pretrained(folder)
    SiglipImageProcessor().save_pretrained(folder)


def chinese_clip(folder: Path) -> None:
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = ChineseCLIPConfig(text_config={**small, "vocab_size": 99}, vision_config={**small, "image_size": 32})
    ChineseCLIPModel(config).save_pretrained(folder)


def dual_encoder(folder: Path) -> None:
    from transformers import BertConfig, BertModel, VisionTextDualEncoderModel, ViTConfig, ViTModel

    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    towers = ViTModel(ViTConfig(**small, image_size=32)), BertModel(BertConfig(**small, vocab_size=99))
    VisionTextDualEncoderModel(vision_model=towers[0], text_model=towers[1]).save_pretrained(folder)


@pytest.mark.parametrize(
    ("make", "family"),
    [(siglip, "siglip"), (chinese_clip, "chinese_clip"), (dual_encoder, "vision-text-dual-encoder")],
)
def test_a_hub_id_of_another_family_is_refused_and_never_loaded_with_random_weights(
    make: Change, family: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

    held = hub_cache(tmp_path, monkeypatch)
    for name in (PIXELS, "tokenizer.json", "tokenizer_config.json"):  # a CLIP's, so that only the model is another
        shutil.copy(tiny / name, held / name)
    with quiet():
        make(held)
    with pytest.raises(ModelUnavailable, match=f"maker/model is refused: its model_type is '{family}'") as caught:
        load_checkpoint("maker/model")
    assert "\n" not in str(caught.value)


def test_a_clip_of_a_hub_is_accepted_and_one_with_missing_weights_is_not(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clipseek.training.errors import ModelUnavailable
    from clipseek.training.model.checkpoint import load_checkpoint

    held = hub_cache(tmp_path, monkeypatch)
    shutil.copytree(tiny, held, dirs_exist_ok=True)
    assert load_checkpoint("maker/model").image.size == 32
    weights(lambda own: own.pop("text_projection.weight"))(held)
    with pytest.raises(ModelUnavailable, match=r"lacks text_projection\.weight"):
        load_checkpoint("maker/model")


def hub_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in a hub's cache where maker/model lies; nothing is fetched."""
    with quiet():
        import huggingface_hub.constants
        import transformers.utils.hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(transformers.utils.hub, "_is_offline_mode", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(home))
    monkeypatch.setattr(transformers.utils.hub, "TRANSFORMERS_CACHE", str(home))
    commit = "0" * 40
    model = home / "models--maker--model"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text(commit)
    held = model / "snapshots" / commit
    held.mkdir(parents=True)
    return held


def older(folder: Path) -> None:
    """As checkpoints of transformers 4.20 are: positions among the weights, sizes as bare numbers, no class of the tokenizer."""
    import torch

    weights(lambda held: held.update({"text_model.embeddings.position_ids": torch.arange(24)[None]}))(folder)
    path = folder / PIXELS
    held = json.loads(path.read_text("utf-8"))
    held = {name: held[name] for name in ("image_mean", "image_std", "resample", "do_normalize")}
    path.write_text(json.dumps({**held, "size": 32, "crop_size": 32, "feature_extractor_type": "CLIPFeatureExtractor"}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 24}))


def test_older_files_are_read(folder: Path) -> None:
    from clipseek.training.model.checkpoint import load_checkpoint

    new = load_checkpoint(str(folder))
    older(folder)
    old = load_checkpoint(str(folder))
    assert (old.image, old.context_length) == (new.image, new.context_length)


def test_the_context_is_no_longer_than_the_tokenizers(folder: Path) -> None:
    from clipseek.training.model.checkpoint import load_checkpoint

    edited("tokenizer_config.json", model_max_length=16)(folder)
    checkpoint = load_checkpoint(str(folder))
    assert checkpoint.context_length == 16
    assert checkpoint.tokenize(["cat " * 40])["input_ids"].shape == (1, 16)


@pytest.mark.parametrize("special", [False, True])
def test_a_bundle_gives_transformers_vectors_of_a_token_that_was_added(
    special: bool, folder: Path, tmp_path: Path
) -> None:
    import torch
    from clipseek.encoder import ClipEncoder
    from clipseek.export.checkpoint import export_bundle

    with quiet():
        from transformers import CLIPModel, CLIPTokenizerFast

        added_token(special, legacy=False)(folder)
        text = "a <lesion> on the house"
        tokens = CLIPTokenizerFast.from_pretrained(folder)([text], return_tensors="pt")
        theirs = torch.nn.functional.normalize(CLIPModel.from_pretrained(folder).get_text_features(**tokens)).detach()
        bundle = export_bundle(str(folder), tmp_path / "bundle")
    assert float(theirs.numpy()[0] @ ClipEncoder(bundle, device="cpu").encode_texts([text])[0]) > 0.9999
