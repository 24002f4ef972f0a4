from __future__ import annotations

import math
from typing import Any

import pytest
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.pipelines.server_support import oldest_server
from clipseek.opensearch.query.fusion import TECHNIQUES, pipeline
from clipseek.opensearch.server.templates import fill


def processor(body: dict[str, Any]) -> dict[str, Any]:
    ((one,),) = (body["phase_results_processors"],)
    found: dict[str, Any] = one
    return found


@pytest.mark.parametrize("technique", ["min_max", "l2"])
def test_normalized_scores_and_their_weighted_mean(technique: str) -> None:
    assert processor(pipeline(technique, [0.3, 0.7])) == {  # type: ignore[arg-type]
        "normalization-processor": {
            "normalization": {"technique": technique},
            "combination": {"technique": "arithmetic_mean", "parameters": {"weights": [0.3, 0.7]}},
        }
    }


def test_reciprocal_ranks() -> None:
    assert processor(pipeline("rrf")) == {
        "score-ranker-processor": {"combination": {"technique": "rrf", "rank_constant": 60}}
    }
    assert pipeline("rrf", [2, 2]) == pipeline("rrf")


def test_the_other_means_and_z_scores() -> None:
    def parts(body: dict[str, Any]) -> tuple[Any, Any]:
        found = processor(body)["normalization-processor"]
        return found["normalization"]["technique"], found["combination"]["technique"]

    assert parts(pipeline("l2", mean="harmonic")) == ("l2", "harmonic_mean")
    assert parts(pipeline("min_max", mean="geometric")) == ("min_max", "geometric_mean")
    assert parts(pipeline("z_score")) == ("z_score", "arithmetic_mean")


def test_ranks_with_weights_want_a_newer_server() -> None:
    combination = processor(pipeline("rrf", [1, 3]))["score-ranker-processor"]["combination"]
    assert combination == {"technique": "rrf", "rank_constant": 60, "parameters": {"weights": [0.25, 0.75]}}
    assert oldest_server("rrf", [1, 3]) == (3, 1)
    assert oldest_server("rrf", [2, 2]) == oldest_server("l2", [1, 3]) == (2, 19)
    assert oldest_server("z_score", [1, 1]) == (3, 0)


def weights(*given: Any, **more: Any) -> list[float]:
    found: list[float] = processor(pipeline(*given, **more))["normalization-processor"]["combination"]["parameters"][
        "weights"
    ]
    return found


def test_weights_are_floats_of_sum_one() -> None:
    assert weights("l2") == [0.5, 0.5]
    assert weights("l2", [2, 2, 2]) == [1 / 3] * 3
    assert weights("min_max", [1, 3]) == [0.25, 0.75]
    # The server fails on the integers 0 and 1.
    assert [type(weight) for weight in weights("min_max", [0, 1])] == [float, float]


@pytest.mark.parametrize(
    ("fusion", "given", "more", "said"),
    [
        ("max", None, {}, "fusion 'max' is not known; choose one of min_max, l2, z_score, rrf"),
        ("l2", [1], {}, "1 weights cannot be used; give one for each of 2 to 5 clauses"),
        ("l2", [1] * 6, {}, "6 weights cannot be used"),
        ("l2", [0.5, -0.5], {}, "at least 0"),
        ("l2", [0, 0], {}, "not all of them 0"),
        ("l2", [math.nan, 1], {}, "cannot be used"),
        ("l2", [math.inf, 1], {}, "cannot be used"),
        ("rrf", None, {"mean": "harmonic"}, "counts ranks"),
        ("z_score", None, {"mean": "geometric"}, "only mean is arithmetic"),
        ("l2", None, {"mean": "median"}, "mean 'median' is not known"),
    ],
)
def test_refusals(fusion: str, given: list[float] | None, more: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        pipeline(fusion, (0.5, 0.5) if given is None else given, **more)  # type: ignore[arg-type]


def test_no_placeholder_is_left() -> None:
    for technique in TECHNIQUES:
        assert "${" not in str(pipeline(technique))


def test_a_slip_in_filling_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("pipelines/rrf.json")
    with pytest.raises(TypeError, match="no placeholder for other"):
        fill("pipelines/rrf.json", rank_constant=60, other=1)
