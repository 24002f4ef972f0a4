"""May a reduced bundle stand in for the full one? By its ranking of held-out pairs, or else by the cosine on samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.encoder.run.session import Device
from clipseek.evaluation import evaluate
from clipseek.training.data.pairs import Pairs

from .bundle_vectors import embed_with_bundle
from .parity import difference, from_bundle
from .samples import Samples
from .towers import IMAGE, TEXT

TOLERANCE = 0.01  # absolute, of MRR@10 and R@10 over the whole gallery, in either direction
MIN_COSINE = 0.99  # where no held-out pairs are named
BATCH = 32
#: What is said of fp16 where no GPU judged it, but a stand-in.
ROUNDED = "the CPU, each step rounded to fp16"


@dataclass(frozen=True)
class Gate:
    """Held-out pairs that a reduced bundle must still rank. ``load`` reads them for a model's pictures."""

    source: str
    load: Callable[[ImageSpec], Pairs]
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Ranked:
    """Gate figures of one bundle: direction -> {"MRR@10", "R@10"}, over the whole gallery."""

    figures: dict[str, dict[str, float]]

    @classmethod
    def of(cls, bundle: Bundle, pairs: Pairs) -> Ranked:
        encoder = ClipEncoder(bundle, device=device_for(bundle), batch_size=BATCH)
        report = evaluate(*embed_with_bundle(encoder, pairs), pairs.truth())
        return cls(
            {
                direction.replace(" ", "_"): {"MRR@10": scores.mrr[10], "R@10": scores.recall[10]}
                for direction, scores in report.whole_gallery.items()
            }
        )

    def worst_loss(self, full: Ranked) -> float:
        """How much the worst figure fell below that of ``full``; negative where every one rose."""
        return max(
            full.figures[direction][name] - value
            for direction, named in self.figures.items()
            for name, value in named.items()
        )


def by_ranking(
    full: Bundle, reduced: Bundle, pairs: Pairs, gate: Gate, stand_in: Bundle | None = None
) -> dict[str, Any]:
    """The verdict for the passport: MRR@10 and R@10 of both bundles over the whole gallery, and whether it passes.

    ``stand_in`` computes what ``reduced`` would on a device that is not here.
    """
    before, after = Ranked.of(full, pairs), Ranked.of(stand_in or reduced, pairs)
    loss = after.worst_loss(before)
    return {
        "gate": "ranking of held-out pairs, whole gallery",
        "precision": reduced.precision,
        "judged_on": ROUNDED if stand_in else judged_device(reduced),
        "source": gate.source,
        "data": pairs.fingerprint(),
        "pairs": len(pairs),
        "pictures": len(pairs.shown_pictures()[0]),
        "tolerance": gate.tolerance,
        full.precision: {**before.figures, "bytes": size_of(full)},
        reduced.precision: {**after.figures, "bytes": size_of(reduced)},
        "loss": loss,
        "passed": bool(loss <= gate.tolerance),
    }


def by_cosine(full: Bundle, reduced: Bundle, samples: Samples, stand_in: Bundle | None = None) -> dict[str, Any]:
    """The verdict without held-out pairs: the lowest cosine between both bundles' vectors of the samples."""
    ours = from_bundle(stand_in or reduced, samples, BATCH, device_for(reduced))
    apart = difference(ours, from_bundle(full, samples, BATCH))
    lowest = min(apart.image_min_cosine, apart.text_min_cosine)
    return {
        "gate": "cosine on samples",
        "precision": reduced.precision,
        "judged_on": ROUNDED if stand_in else judged_device(reduced),
        "source": samples.origin,
        "pictures": len(samples.pictures),
        "texts": len(samples.captions),
        "min_cosine": MIN_COSINE,
        "image_min_cosine": apart.image_min_cosine,
        "text_min_cosine": apart.text_min_cosine,
        full.precision: {"bytes": size_of(full)},
        reduced.precision: {"bytes": size_of(reduced)},
        "passed": bool(lowest >= MIN_COSINE),
    }


def device_for(bundle: Bundle) -> Device:
    """Where it is judged: half precision on a GPU if one works, for there it will be used; all else on the CPU."""
    return "auto" if bundle.precision in ("fp16", "bf16") else "cpu"


def judged_device(bundle: Bundle) -> str:
    """What ``device_for`` is here."""
    return ClipEncoder(bundle, device=device_for(bundle)).active_device()


def size_of(bundle: Bundle) -> int:
    """Bytes of the two towers, with weights that are in files of their own."""
    sizes: dict[str, int] = bundle.passport["sizes"]
    return sum(size for name, size in sizes.items() if name.startswith((IMAGE, TEXT)))


def in_words(verdict: dict[str, Any]) -> str:
    """The verdict's figures in one line."""
    reduced = verdict["precision"]
    where = "" if verdict.get("judged_on", "cpu") == "cpu" else f"; judged on {verdict['judged_on']}"
    sizes = f"{verdict['fp32']['bytes'] / 1e6:.1f} -> {verdict[reduced]['bytes'] / 1e6:.1f} MB"
    if "pairs" in verdict:
        figures = ", ".join(
            f"{direction.replace('_', ' ')} {name} {value:.4f} -> {verdict[reduced][direction][name]:.4f}"
            for direction, named in verdict["fp32"].items()
            if isinstance(named, dict)
            for name, value in named.items()
        )
        pairs = f"{verdict['pairs']:,} pairs of {verdict['source']}"
        return f"{figures}; allowed is {verdict['tolerance']:g} less ({pairs}; {sizes}){where}"
    return (
        f"lowest cosine to fp32: pictures {verdict['image_min_cosine']:.4f}, texts {verdict['text_min_cosine']:.4f}; "
        f"allowed is {verdict['min_cosine']} ({verdict['pictures']} pictures, {verdict['texts']} texts; {sizes}){where}"
    )
