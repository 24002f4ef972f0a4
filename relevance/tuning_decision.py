"""Which of many ways to fuse an index keeps, and how sure the gain is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from clipseek.evaluation.bootstrap import Floats, intervals, paired
from clipseek.evaluation.judgments import Ints
from clipseek.opensearch.search.index_defaults import Setting

FOLDS = 5
TUNED = "tuned, cross-validated"


@dataclass(frozen=True)
class Ways:
    """Cross-validated MRR@10 of the best complete fusion and of the best that is not, and what the complete one gains, with its
    95 % interval.
    """

    complete: float
    not_complete: float
    gain: float
    gain_interval: tuple[float, float]


def compare_ways(ranks: Floats, settings: Sequence[Setting], groups: Ints) -> Ways:
    """Of (Q, S) reciprocal ranks of ``settings``, some of which are complete and some not."""
    complete = np.array([setting.fusion.complete for setting in settings])
    first, second = (cross_validated(ranks[:, chosen], groups) for chosen in (complete, ~complete))
    gain = paired(second, first, clusters=groups)
    return Ways(float(first.mean()), float(second.mean()), gain.mean, (gain.low, gain.high))


@dataclass(frozen=True)
class Decision:
    """``best`` is kept; ``cross_validated`` holds (Q,) reciprocal ranks of the choice that led to it, ``passed_over`` those of the
    other. ``ways``: complete fusions beside the others. ``all_options``: whether wording and depth were chosen too, not the fusion
    alone.
    """

    best: Setting
    ways: Ways
    all_options: bool
    cross_validated: Floats
    passed_over: Floats


def decide(ranks: Floats, settings: Sequence[Setting], usual: int, groups: Ints) -> Decision:
    """The best of the first ``usual`` settings, which differ in the fusion alone; or of all, if that is a sure gain.

    More to choose from is more to choose wrongly: wording and depth stay as they are unless the 95 % interval of the gain of
    choosing them too lies above 0, and fusions stay complete unless others are better by as sure a gain. ``ranks``: (Q, S)
    reciprocal ranks; ``groups``: (Q,) int64.
    """
    ways = compare_ways(ranks[:, :usual], settings[:usual], groups)
    complete = ways.gain_interval[1] >= 0
    chosen = np.array([at for at, setting in enumerate(settings) if setting.fusion.complete is complete])
    narrow, wide = (cross_validated(ranks[:, columns], groups) for columns in (chosen[chosen < usual], chosen))
    all_options = paired(narrow, wide, clusters=groups).low > 0
    chosen_from = chosen if all_options else chosen[chosen < usual]
    best = settings[int(chosen_from[ranks[:, chosen_from].mean(axis=0).argmax()])]
    return Decision(best, ways, all_options, *((wide, narrow) if all_options else (narrow, wide)))


def decide_ef_search(ranks: Floats, settings: Sequence[Setting], groups: Ints) -> Setting:
    """The best of ``settings``, which differ in ef_search alone, if choosing it is a sure gain over the first; else the first."""
    gain = paired(ranks[:, 0], cross_validated(ranks, groups), clusters=groups)
    return settings[int(ranks.mean(axis=0).argmax())] if gain.low > 0 else settings[0]


@dataclass(frozen=True)
class Comparison:
    """MRR@10 of a setting, and what the tuned one gains over it, each with its 95 % interval."""

    setting: str
    mrr: float
    interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        return {
            "setting": self.setting,
            "MRR@10": self.mrr,
            "interval": list(self.interval),
            "tuned_gains": self.gain,
            "gain_interval": list(self.gain_interval),
        }


def compare(values: Mapping[str, Floats], tuned: Floats, groups: Ints) -> tuple[Comparison, ...]:
    """One row for each of ``values``, (Q,) reciprocal ranks by the setting's name."""
    rows = []
    for name, ranks in values.items():
        low, high = intervals(ranks[:, None], clusters=groups)[0].tolist()
        gain = paired(ranks, tuned, clusters=groups)
        rows.append(Comparison(name, float(ranks.mean()), (low, high), gain.mean, (gain.low, gain.high)))
    return tuple(rows)


def best_by_option(ranks: Floats, settings: Sequence[Setting], best: Setting) -> dict[str, float]:
    """MRR@10 of the best fusion of each wording at the usual depth, and of each depth with ``best``'s wording; in-sample, and
    complete or not as ``best``.
    """
    figures: dict[str, float] = {}
    for mean, setting in zip(ranks.mean(axis=0).tolist(), settings, strict=True):
        if setting.fusion.complete is not best.fusion.complete:
            continue
        depth = setting.fusion.depth
        names = [str(setting.wording)] if depth == settings[0].fusion.depth else []
        names += [f"depth {depth}"] if setting.wording == best.wording else []
        for name in names:
            figures[name] = max(figures.get(name, 0.0), mean)
    return figures


def cross_validated(ranks: Floats, groups: Ints) -> Floats:
    """(Q,) float64: each query's reciprocal rank under the setting that is best for the queries of the other folds.

    ``ranks``: (Q, S) float64, each query's reciprocal rank under each setting; ``groups``: (Q,) int64, queries of equal numbers
    stay in one fold.
    """
    names, codes = np.unique(groups, return_inverse=True)
    fold_of = np.empty(len(names), np.int64)
    fold_of[np.random.default_rng(0).permutation(len(names))] = np.arange(len(names)) % FOLDS
    values = np.zeros(len(ranks))
    for fold in range(FOLDS):
        held_out = fold_of[codes] == fold
        if held_out.any() and not held_out.all():
            values[held_out] = ranks[held_out, int(ranks[~held_out].mean(axis=0).argmax())]
    return values
