"""Models that ``clipseek evaluate`` scores: checkpoints and bundles behind one face, on the pairs of one source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .opening import open_encoder
from .options import DeviceOptions
from .output import count, note

if TYPE_CHECKING:
    from clipseek.encoder.bundle.bundle import ImageSpec
    from clipseek.training.data.pairs import Pairs


@dataclass(frozen=True)
class OpenModel:
    """``embed``: pairs, decoded as ``image`` says -> unit vectors of the N captions and of the P distinct pictures."""

    name: str
    image: ImageSpec
    embed: Callable[[Pairs], tuple[Any, Any]]


def open_model(name: str, device: DeviceOptions, precision: str) -> OpenModel:
    """A bundle where the folder holds one, else a checkpoint (folder or hub id)."""
    if (Path(name) / "clipseek.json").is_file():
        from clipseek.encoder import Bundle
        from clipseek.export.bundle_vectors import embed_with_bundle

        encoder = open_encoder(Bundle.load(name, verify=True), device)
        return OpenModel(name, encoder.bundle.image, lambda pairs: embed_with_bundle(encoder, pairs))
    from clipseek.training.machine import resolve_precision
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import embed_distinct

    checkpoint = load_checkpoint(name)
    resolved = resolve_precision(precision, checkpoint.model.device)
    return OpenModel(name, checkpoint.image, lambda pairs: embed_distinct(checkpoint, pairs, resolved))


def shared_pairs(source: Path, models: list[OpenModel], load: Callable[[ImageSpec], Pairs]) -> list[Pairs]:
    """For each of one or two models the pairs with the pixels that it takes; row i is the same pair in both.

    Models of one preprocessing share the pixels. A picture that is unreadable for one is dropped for both.
    """
    first = load(models[0].image)
    if len(models) == 1:
        return [first]
    if same_pixels(models[0].image, models[1].image):
        return [first, first]
    if not (source.is_file() or source.is_dir()):
        from clipseek.sources import SourceError

        raise SourceError(
            f"{source} can be read only once, and {models[0].name} and {models[1].name} take different pixels; "
            "write the pairs to a file and name that"
        )
    from clipseek.training.data.shared_pairs import in_common

    second = load(models[1].image)
    one, other = in_common(first, second)
    if not len(one):
        from clipseek.training.errors import UnusableData

        raise UnusableData(f"no pair of {source} can be read for both models; did the pictures change meanwhile?")
    if lost := max(len(first), len(second)) - len(one):
        note(f"{count(lost, 'pair')} readable for one model alone, dropped for both")
    return [one, other]


def same_pixels(one: ImageSpec, other: ImageSpec) -> bool:
    """Whether two models crop alike; mean and deviation belong to the model's own step."""
    return all(getattr(one, name) == getattr(other, name) for name in ("size", "interpolation", "background"))


def vectors(model: OpenModel, own: Pairs, reference: Pairs) -> tuple[Any, Any]:
    """Vectors of the captions and pictures of ``own``, the pictures in the order of ``reference``."""
    texts, images = model.embed(own)
    if own is reference:
        return texts, images
    from clipseek.training.data.shared_pairs import picture_order

    return texts, images[picture_order(reference, own)]
