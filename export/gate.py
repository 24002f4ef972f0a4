"""May a bundle in a lower precision replace the full one? By its ranking of held-out pairs, else by the cosine on samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clipseek.encoder import Bundle, ClipEncoder
from clipseek.encoder.bundle.bundle import ImageSpec
from clipseek.evaluation import compare, rank_pairs
from clipseek.evaluation.ranked import RankedPairs
from clipseek.training.data.pairs import Pairs

from .models import embed_with_bundle
from .parity import device_for, difference, from_bundle
from .samples import Samples
from .towers import IMAGE, TEXT
from .verdict import Figures, Verdict

#: How much of fp32's MRR@10 and R@10 over the whole gallery may be lost, in either direction: what the 95 % interval of the paired
#: difference reaches down to. Figures near 0 may lose LEAST of it in any case: less is a question of single queries.
TOLERANCE, LEAST = 0.03, 0.003
#: Fewer held-out pairs have intervals that no honest gate can pass.
ENOUGH = 500
FIGURES = ("MRR@10", "R@10")
MIN_COSINE = 0.99  # where no held-out pairs are named
BATCH = 32
#: The device that a verdict names where fp16 was emulated for want of a GPU.
EMULATED = "the CPU, each step rounded to fp16"


@dataclass(frozen=True)
class Gate:
    """Held-out pairs that a bundle in a lower precision must still rank. ``load`` reads them for a model's pictures.

    ``tolerance``: share of fp32's figures, as TOLERANCE.
    """

    source: str
    load: Callable[[ImageSpec], Pairs]
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Judge:
    """Compares bundles in a lower precision with ``full``: by ``gate`` and its ``pairs`` where there are any, else by ``samples``.

    An ``emulated`` bundle computes what ``lower`` would on a device that is not here.
    """

    full: Bundle
    samples: Samples
    gate: Gate | None = None
    pairs: Pairs | None = None

    def verdict(self, lower: Bundle, emulated: Bundle | None = None) -> Verdict:
        """Figures of both bundles, and whether ``lower`` passes."""
        judged_on = EMULATED if emulated else judged_device(lower)
        if self.gate is None or self.pairs is None:
            return self._by_cosine(lower, emulated or lower, judged_on)
        return self._by_ranking(self.gate, self.pairs, lower, emulated or lower, judged_on)

    def _by_ranking(self, gate: Gate, pairs: Pairs, lower: Bundle, computing: Bundle, judged_on: str) -> Verdict:
        before, after = (_ranked(bundle, pairs) for bundle in (self.full, computing))
        changes = [change for change in compare(before, after) if change.figure in FIGURES]
        full, figures = Figures(tower_bytes(self.full), {}), Figures(tower_bytes(lower), {})
        intervals: dict[str, dict[str, list[float]]] = {}
        for change in changes:
            direction = change.direction.replace(" ", "_")
            full.ranking.setdefault(direction, {})[change.figure] = change.before
            figures.ranking.setdefault(direction, {})[change.figure] = change.after
            ends = [change.difference.low, change.difference.high]
            intervals.setdefault(direction, {})[change.figure] = ends
        return Verdict(
            gate="ranking of held-out pairs, whole gallery, paired intervals",
            precision=lower.precision,
            judged_on=judged_on,
            source=gate.source,
            data=pairs.fingerprint(),
            pairs=len(pairs),
            pictures=len(pairs.shown_pictures()[0]),
            tolerance=gate.tolerance,
            full=full,
            lower=figures,
            loss=max(change.before - change.after for change in changes),
            intervals=intervals,
            passed=all(change.difference.low >= -allowed(change.before, gate.tolerance) for change in changes),
        )

    def _by_cosine(self, lower: Bundle, computing: Bundle, judged_on: str) -> Verdict:
        ours = from_bundle(computing, self.samples, BATCH, device_for(lower))
        apart = difference(ours, from_bundle(self.full, self.samples, BATCH))
        return Verdict(
            gate="cosine on samples",
            precision=lower.precision,
            judged_on=judged_on,
            source=self.samples.origin,
            pictures=len(self.samples.pictures),
            texts=len(self.samples.captions),
            min_cosine=MIN_COSINE,
            image_min_cosine=apart.image_min_cosine,
            text_min_cosine=apart.text_min_cosine,
            full=Figures(tower_bytes(self.full)),
            lower=Figures(tower_bytes(lower)),
            passed=bool(min(apart.image_min_cosine, apart.text_min_cosine) >= MIN_COSINE),
        )


def allowed(full: float, tolerance: float) -> float:
    """How far the lower end of the interval may lie below fp32's figure ``full``."""
    return max(LEAST, tolerance * full) if tolerance > 0 else tolerance * full


def _ranked(bundle: Bundle, pairs: Pairs) -> RankedPairs:
    """Both directions over the whole gallery."""
    encoder = ClipEncoder(bundle, device=device_for(bundle), batch_size=BATCH)
    ranked = rank_pairs(*embed_with_bundle(encoder, pairs), pairs.truth())
    return RankedPairs(in_batches={}, whole_gallery=ranked.whole_gallery)


def judged_device(bundle: Bundle) -> str:
    """What ``device_for`` is here."""
    return ClipEncoder(bundle, device=device_for(bundle)).active_device()


def tower_bytes(bundle: Bundle) -> int:
    """Bytes of the two towers, with weights that are in files of their own."""
    sizes: dict[str, int] = bundle.passport["sizes"]
    return sum(size for name, size in sizes.items() if name.startswith((IMAGE, TEXT)))
