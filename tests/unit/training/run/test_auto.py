"""The recipe auto: chosen on held-out pairs, reported, and resumed with what was decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clipseek.training.config import TrainConfig
from clipseek.training.errors import TrainingError

from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


@pytest.fixture(scope="module")
def pairs(base: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint

    return load_pairs(write_squares(tmp_path_factory.mktemp("squares"), copies=3), load_checkpoint(base).image)


def config(base: str, **changes: Any) -> TrainConfig:
    return TrainConfig(base=base, recipe="auto", batch_size=16, precision="fp32", **changes)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    from clipseek.training.run import auto

    monkeypatch.setattr(auto, "TRIED_STEPS", 4)
    monkeypatch.setattr(auto, "ROUND_STEPS", 8)
    monkeypatch.setattr(auto, "MAX_ROUNDS", 2)


@pytest.mark.usefixtures("short")
def test_the_report_says_what_was_chosen_among_what(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.auto import train_auto
    from clipseek.training.run.tried_rates import RATES

    events: list[dict[str, Any]] = []
    best = train_auto(config(base), pairs, tmp_path / "run", on_event=events.append)
    assert best == tmp_path / "run" / "best"
    report = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))
    names = [stage["name"] for stage in report["stages"]]
    assert names[:4] == ["adapter", *(f"rate-{rate:g}" for rate in RATES[False])]
    assert names[4] == "round-1"
    assert report["learning_rate"] in RATES[False]
    assert report["reason"].startswith(("no gain: round", "2 rounds were run"))
    figures = {stage["name"]: stage["validation_mrr"] for stage in report["stages"] if "rate" not in stage["name"]}
    assert report["chosen"] == max(figures, key=figures.__getitem__)
    assert report["validation_pairs"] >= 0.1 * len(pairs)
    record = json.loads((best / "clipseek_training.json").read_text("utf-8"))
    assert (record["base"], record["recipe"]["recipe"], record["auto"]["chosen"]) == (base, "auto", report["chosen"])
    assert load_checkpoint(str(best)).context_length == 24
    assert json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))["auto"] == report
    assert events[-1]["event"] == "auto"


def test_a_file_in_place_of_the_folder_is_said(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.auto import train_auto

    (tmp_path / "run").write_text("mine")
    for resume in (False, True):
        with pytest.raises(TrainingError, match="is no folder"):
            train_auto(config(base), pairs, tmp_path / "run", resume=resume)


@pytest.mark.usefixtures("short")
def test_epochs_of_drawn_samples_are_as_many_as_the_steps_need(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.auto import train_auto

    train_auto(config(base, samples=16), pairs, tmp_path / "run")
    report = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))
    steps = {stage["name"]: stage["steps"] for stage in report["stages"]}
    assert [number for name, number in steps.items() if name.startswith("rate-")] == [4, 4, 4]
    assert steps["round-1"] == 8


@pytest.mark.usefixtures("short")
def test_an_interrupted_run_resumes_with_what_it_had_chosen(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.auto import train_auto

    seen: list[str] = []

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "stage":
            seen.append(event["name"])
            if event["name"] == "round-1" and seen.count("round-1") == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_auto(config(base), pairs, tmp_path / "run", on_event=stop)
    stages = tmp_path / "run" / "stages"
    chosen = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))["learning_rate"]
    done = {path: path.stat().st_mtime_ns for path in stages.glob("*/summary.json")}
    assert len(done) == 4
    with pytest.raises(TrainingError, match=r"batch_size is 8, but .* was started with 16"):
        train_auto(TrainConfig(base=base, recipe="auto", batch_size=8), pairs, tmp_path / "run", resume=True)
    train_auto(config(base), pairs, tmp_path / "run", resume=True, on_event=stop)
    report = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))
    assert report["learning_rate"] == chosen
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert report["stages"][0]["name"] == "adapter"


@pytest.mark.usefixtures("short")
def test_a_time_limit_ends_it_with_a_reason(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run import adapter_stage
    from clipseek.training.run.auto import train_auto

    train_auto(config(base, minutes=0.001), pairs, tmp_path / "run")
    report = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))
    assert (report["chosen"], report["reason"]) == ("adapter", "the time was up before the whole model could learn")
    # The towers' outputs come first: within a limit, of so many pairs as there is time for.
    assert report["adapter_most"] == adapter_stage.FEWEST


@pytest.mark.usefixtures("short")
def test_where_a_minute_is_too_short_for_a_step_the_middle_rate_is_taken(
    base: str, pairs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clipseek.training.run import auto

    monkeypatch.setattr(auto, "TRIED_MINUTES", 1e-6)
    auto.train_auto(config(base), pairs, tmp_path / "run")
    report = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))
    assert (report["learning_rate"], report["rates"]) == (3e-4, [])
    assert [stage["name"] for stage in report["stages"]][:2] == ["adapter", "round-1"]


def test_without_anything_held_out_there_is_nothing_to_choose_by(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.auto import train_auto

    with pytest.raises(TrainingError, match="nothing can be held out"):
        train_auto(config(base), pairs.take([0, len(pairs) - 1]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("short")
def test_lora_tries_its_own_rates(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.auto import train_auto
    from clipseek.training.run.tried_rates import RATES

    train_auto(config(base, lora=4), pairs, tmp_path / "run")
    report = json.loads((tmp_path / "run" / "auto.json").read_text("utf-8"))
    assert [stage["learning_rate"] for stage in report["rates"]] == pytest.approx([10 * rate for rate in RATES[False]])


def test_the_adapter_learns_from_a_bounded_sample_that_is_the_same_each_time(base: str, pairs: Any) -> None:
    """Its towers' outputs come before everything else: of all of 100,000 pairs they would take hours."""
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.adapter_stage import FEWEST, MOST_PAIRS, adapter_sample, affordable_pairs

    assert adapter_sample(pairs, 0, MOST_PAIRS) is pairs
    one, same, other = (adapter_sample(pairs, seed, 20) for seed in (0, 0, 1))
    assert len(one) == 20
    assert one.captions == same.captions != other.captions
    checkpoint = load_checkpoint(base)
    assert affordable_pairs(checkpoint, pairs, "fp32", 0.0) == FEWEST
    assert affordable_pairs(checkpoint, pairs, "fp32", 1e6) == MOST_PAIRS
