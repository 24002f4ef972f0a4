"""A verdict in the passport, back from it, and in words."""

from __future__ import annotations

from typing import Any

import pytest
from clipseek.export.verdict import Figures, Verdict

BY_RANKING: dict[str, Any] = {
    "gate": "ranking of held-out pairs, whole gallery",
    "precision": "int8",
    "judged_on": "cpu",
    "source": "pairs.tsv",
    "data": "ab12",
    "pairs": 1200,
    "pictures": 300,
    "tolerance": 0.03,
    "fp32": {"text_to_image": {"MRR@10": 0.5, "R@10": 0.75}, "bytes": 4_000_000},
    "int8": {"text_to_image": {"MRR@10": 0.49, "R@10": 0.75}, "bytes": 1_000_000},
    "loss": 0.01,
    "intervals": {"text_to_image": {"MRR@10": [-0.013, -0.007], "R@10": [-0.002, 0.002]}},
    "passed": True,
    "ranges": "static",
}
BY_COSINE: dict[str, Any] = {
    "gate": "cosine on samples",
    "precision": "fp16",
    "judged_on": "cuda",
    "source": "made pictures",
    "pictures": 10,
    "texts": 12,
    "min_cosine": 0.99,
    "image_min_cosine": 0.98,
    "text_min_cosine": 0.9991,
    "fp32": {"bytes": 4_000_000},
    "fp16": {"bytes": 2_000_000},
    "passed": False,
    "storage": "fp16",
    "accepted_loss": True,
}


@pytest.mark.parametrize("entry", [BY_RANKING, BY_COSINE], ids=["ranking", "cosine"])
def test_a_passports_entry_comes_back_as_it_was(entry: dict[str, Any]) -> None:
    assert Verdict.from_dict(entry).as_dict() == entry


def test_entries_of_older_bundles_name_no_device() -> None:
    older = {name: value for name, value in BY_COSINE.items() if name != "judged_on"}
    assert Verdict.from_dict(older).judged_on is None
    assert "judged on" not in Verdict.from_dict(older).in_words()


def test_an_older_verdict_has_no_intervals() -> None:
    older = {name: value for name, value in BY_RANKING.items() if name != "intervals"} | {"tolerance": 0.01}
    assert Verdict.from_dict(older).in_words() == (
        "text to image MRR@10 0.5000 -> 0.4900, text to image R@10 0.7500 -> 0.7500; allowed is 0.01 less "
        "(1,200 pairs of pairs.tsv; 4.0 -> 1.0 MB)"
    )


def test_in_words() -> None:
    assert Verdict.from_dict(BY_RANKING).in_words() == (
        "text to image MRR@10 0.5000 -> 0.4900 (-0.0130 to -0.0070), text to image R@10 0.7500 -> 0.7500 (-0.0020 to +0.0020); "
        "allowed is a lower end of -3% of fp32's (1,200 pairs of pairs.tsv; 4.0 -> 1.0 MB)"
    )
    assert Verdict.from_dict(BY_COSINE).in_words() == (
        "lowest cosine to fp32: pictures 0.9800, texts 0.9991; allowed is 0.99 (10 pictures, 12 texts; 4.0 -> 2.0 MB); "
        "judged on cuda"
    )


def test_figures_of_each_precision() -> None:
    verdict = Verdict.from_dict(BY_RANKING)
    assert verdict.full == Figures(4_000_000, {"text_to_image": {"MRR@10": 0.5, "R@10": 0.75}})
    assert list(verdict.ranking()) == [("text to image MRR@10", 0.5, 0.49), ("text to image R@10", 0.75, 0.75)]
