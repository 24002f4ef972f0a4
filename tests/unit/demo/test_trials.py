"""The rows of the recipes' table."""

from __future__ import annotations

import pytest
from clipseek.demo.trials import table_trials, talk_table
from clipseek.training.run.recipes import TALK_PAIRS


def test_the_talks_runs_and_ours_see_shares_of_the_domains_pairs() -> None:
    rows = {trial.name: trial.config for trial in table_trials(TALK_PAIRS // 10)}
    assert list(rows) == ["baseline", *(f"talk/run-{number}" for number in range(1, 6)), "adapter", "best"]
    assert rows["baseline"] is None
    longest, best = rows["talk/run-5"], rows["best"]
    assert longest is not None
    assert best is not None
    assert (longest.samples, longest.epochs) == (5_000, 10)
    assert best.minutes is None
    steps = best.epochs * (TALK_PAIRS // 10 // (best.batch_size - round(best.batch_size * best.keep_share)))
    assert steps * best.batch_size == pytest.approx(50_000, rel=1e-4)


def test_seeds_of_a_recipe_are_one_row_with_their_spread() -> None:
    def line(mrr: float) -> dict[str, object]:
        figures = {"in_batches": dict.fromkeys(("1", "3", "5", "10", "20"), mrr), "gallery": {"20": mrr / 2}}
        scores = {**figures, "sizes": [640, 64, 700, 650]}
        return {
            "name": "best",
            "pairs_seen": 1000,
            "training_seconds": 9.6,
            "fresh-test": scores,
            "general-test": scores,
        }

    *_, row, note = talk_table([line(0.5), line(0.7)]).splitlines()
    assert row.split() == ["best", "2", "1,000", "10", *["0.600"] * 5, "0.141", "0.300", "0.071", "0.600"]
    assert note.startswith("MRR@k: 640 held-out pictures")
