"""What a gate decided of a bundle in a lower precision, as its passport keeps it and as people read it. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FULL = "fp32"


@dataclass(frozen=True)
class Figures:
    """Of one bundle: ``bytes`` of its two towers, and ``ranking``: direction -> {"MRR@10", "R@10"} over the whole gallery, where
    held-out pairs decided.
    """

    bytes: int
    ranking: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``full``: figures of the fp32 bundle, ``lower``: of the one in ``precision``, judged on the device ``judged_on``.

    ``gate``: what decided, on ``pictures`` of ``source``. Held-out ``pairs`` (their fingerprint: ``data``): ``loss``, how far the
    worst ranking figure fell; ``tolerance``, a share of fp32's figures; ``intervals``, direction -> figure -> low and high end of
    the paired difference at 95 % (older ones: none, and an absolute tolerance). Samples, with ``texts``: the lowest cosines to
    fp32's vectors, and ``min_cosine``, the lowest allowed. ``ranges`` (rows or static) and ``storage`` are the bundle's.
    ``accepted_loss``: whether it was written without passing; None where the fastest was chosen of those that pass.
    """

    gate: str
    precision: str
    judged_on: str | None = None
    source: str
    data: str | None = None
    pairs: int | None = None
    pictures: int
    texts: int | None = None
    tolerance: float | None = None
    min_cosine: float | None = None
    image_min_cosine: float | None = None
    text_min_cosine: float | None = None
    full: Figures
    lower: Figures
    loss: float | None = None
    intervals: dict[str, dict[str, list[float]]] | None = None
    passed: bool
    ranges: str | None = None
    storage: str | None = None
    accepted_loss: bool | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Verdict:
        """Of an entry of a passport's ``gates``."""
        known: dict[str, Any] = {name: value for name, value in values.items() if name in cls.__dataclass_fields__}
        for name, precision in (("full", FULL), ("lower", values["precision"])):
            ranking = {**values[precision]}
            known[name] = Figures(ranking.pop("bytes"), ranking)
        return cls(**known)

    def as_dict(self) -> dict[str, Any]:
        """For the passport: each bundle's figures under its precision."""
        values = {name: value for name, value in vars(self).items() if value is not None}
        for name, precision in (("full", FULL), ("lower", self.precision)):
            figures: Figures = values.pop(name)
            values[precision] = {**figures.ranking, "bytes": figures.bytes}
        return values

    def ranking(self) -> Iterator[tuple[str, float, float]]:
        """(direction and metric, fp32's figure, this precision's) of each ranking figure."""
        for direction, metrics in self.full.ranking.items():
            for metric, value in metrics.items():
                yield f"{direction.replace('_', ' ')} {metric}", value, self.lower.ranking[direction][metric]

    def megabytes(self) -> str:
        """Both bundles' towers."""
        return f"{self.full.bytes / 1e6:.1f} -> {self.lower.bytes / 1e6:.1f} MB"

    def in_words(self) -> str:
        """The figures in one line."""
        where = "" if self.judged_on in (None, "cpu") else f"; judged on {self.judged_on}"
        if self.pairs is not None:
            pairs = f"{self.pairs:,} pairs of {self.source}"
            if self.intervals is None:
                figures = ", ".join(f"{name} {before:.4f} -> {after:.4f}" for name, before, after in self.ranking())
                return f"{figures}; allowed is {self.tolerance:g} less ({pairs}; {self.megabytes()}){where}"
            ends = [pair for metrics in self.intervals.values() for pair in metrics.values()]
            figures = ", ".join(
                f"{name} {before:.4f} -> {after:.4f} ({low:+.4f} to {high:+.4f})"
                for (name, before, after), (low, high) in zip(self.ranking(), ends, strict=True)
            )
            allowed = f"allowed is a lower end of -{self.tolerance:.0%} of fp32's"
            return f"{figures}; {allowed} ({pairs}; {self.megabytes()}){where}"
        return (
            f"lowest cosine to fp32: pictures {self.image_min_cosine:.4f}, texts {self.text_min_cosine:.4f}; allowed is "
            f"{self.min_cosine} ({self.pictures} pictures, {self.texts} texts; {self.megabytes()}){where}"
        )
