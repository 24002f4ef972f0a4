"""What the recipes' table compares, and how it is read."""

from __future__ import annotations

import pytest
from clipseek.demo.pace import Pace
from clipseek.demo.trials import RATES, ours, passes_of, run_5
from clipseek.demo.trials_table import comparison_table
from clipseek.training.reproduce.arms import RUN
from clipseek.training.run.recipes import TALK_PAIRS

PAIRS = TALK_PAIRS // 10


def test_run_5_draws_the_talks_share_of_the_domain_and_ours_sees_as_many_pairs() -> None:
    longest, best = run_5(PAIRS, 12_000), ours(PAIRS, 12_000)
    assert longest.samples == 5_000
    assert longest.epochs * longest.samples == pytest.approx(12_000)
    assert (longest.learning_rate, run_5(PAIRS, 12_000, 1, 5e-4).learning_rate) == (RATES[0], 5e-4)
    assert longest.choose == "last"
    assert longest.precision == best.precision == "auto"  # seconds are compared
    assert best.minutes is None
    steps = best.epochs * (PAIRS // (best.batch_size - round(best.batch_size * best.keep_share)))
    assert steps * best.batch_size == pytest.approx(12_000, rel=1e-4)


def test_equal_seconds_are_fewer_pairs_where_a_step_costs_more_and_validation_counts() -> None:
    pace = Pace({RUN: 0.01, "ours": 0.02}, validation=5.0)
    seconds = pace.seconds(RUN, 10_000)
    passes = passes_of(ours(PAIRS, 10_000))
    assert (seconds, passes) == (100.0, 8)
    assert pace.pairs("ours", seconds, passes) == 3_000
    assert pace.seconds("ours", 3_000, passes) == pytest.approx(seconds)


def test_seeds_are_one_row_and_ours_are_compared_with_both_of_the_talks() -> None:
    def line(name: str, rank: float, seed: int = 0, rate: float | None = 5e-5) -> dict[str, object]:
        figures = {"in_batches": {"20": rank}, "gallery": {"20": rank / 2}, "sizes": [640, 64, 700, 650]}
        ranks = {"reciprocal_ranks": [rank, rank / 2, rank / 4], "clusters": [1, 1, 2]}
        scores = {"fresh-test": figures | ranks, "general-test": figures}
        return {"name": name, "seed": seed, "rate": rate, "pairs_seen": 1000, "seconds": 9.6, **scores}

    lines = [line("base", 0.1, rate=None)]
    for seed, worse in enumerate((0.0, 0.2)):
        lines += [line("run-5 as it was", 0.5 - worse, seed), line("run-5, rate tuned", 0.6, seed)]
        lines.append(line("ours, equal seconds", 0.8, seed))
    text = comparison_table(lines)
    rows = [row.split() for row in text.splitlines()]
    assert rows[2] == ["base", "0.100", "0.050", "0.100", "0.050"]
    expected = ["2", "5e-05", "1,000", "10", "0.400", "0.141", "0.200", "0.071", "0.400", "0.200"]
    assert rows[3] == [*["run-5", "as", "it", "was"], *expected]
    assert "MRR@20. In batches: 640 held-out pictures" in text
    # Mean reciprocal ranks of the queries: .350 of run-5 tuned, .467 of ours; (1 - .467) / (1 - .35) is .821.
    tuned = next(
        row for row in rows if row[:8] == ["ours,", "equal", "seconds", "-", "run-5,", "rate", "tuned", "+0.117"]
    )
    assert tuned[8:] == ["+0.050", "to", "+0.150", "0.821", "0.769", "to", "0.923"]
