"""Whole runs of a tiny CLIP on coloured squares."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

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

    return load_pairs(write_squares(tmp_path_factory.mktemp("squares"), copies=4), load_checkpoint(base).image)


def config(base: str, **changes: Any) -> Any:
    from clipseek.training.config import TrainConfig

    values: dict[str, Any] = {
        "base": base,
        "epochs": 4.0,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "precision": "fp32",
        "validation_share": 0.2,
        "seed": 2,
    }
    return TrainConfig(**{**values, **changes})


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def losses(events: list[dict[str, Any]]) -> dict[int, float]:
    return {event["step"]: event["loss"] for event in events if event["event"] == "step"}


@pytest.fixture(scope="module")
def unbroken(base: str, pairs: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    from clipseek.training.run.loop import train

    events: list[dict[str, Any]] = []
    out = tmp_path_factory.mktemp("unbroken")
    train(config(base), pairs, out, on_event=events.append)
    return out, events


def test_it_learns_what_it_is_shown(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.evaluation import whole_gallery
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.model.embed import embed_distinct
    from clipseek.training.run.loop import train

    # Validated on other shades of the same kinds; kinds never seen are asked too much of so small a model.
    learn, held = [i for i in range(96) if i % 96 < 72], [i for i in range(96) if i % 96 >= 72]
    best = train(
        config(base, epochs=40.0, batch_size=24, augment=False),
        pairs.take(learn),
        tmp_path / "run",
        validation=pairs.take(held),
    )
    scored = pairs.take(held)
    vectors = [embed_distinct(load_checkpoint(folder), scored) for folder in (base, str(best))]
    before, after = (
        whole_gallery(texts, images[scored.shown_pictures()[1]], scored.groups).mrr[10] for texts, images in vectors
    )
    assert before < 0.2
    assert after > 0.9


def test_the_run_folder_holds_everything(unbroken: tuple[Path, list[dict[str, Any]]], base: str, pairs: Any) -> None:
    from clipseek.training.config import TrainConfig

    out, events = unbroken
    assert {path.name for path in out.iterdir()} == {
        "best",
        "config.json",
        "environment.json",
        "history.jsonl",
        "last",
        "loss.png",
        "summary.json",
    }
    assert TrainConfig.read(out / "config.json") == config(base)
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")
    history = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert history == [event for event in events if event["event"] not in ("loaded", "start")]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["steps"] == max(losses(events))
    assert set(summary["validation"]) >= {"validation_mrr", "validation_batch_mrr"}
    environment = json.loads((out / "environment.json").read_text())
    assert {"torch", "transformers", "precision", "device", "data"} <= set(environment)
    provenance = json.loads((out / "best" / "clipseek_training.json").read_text())
    assert provenance["data"] == environment["data"]
    for name in ("best", "last"):
        assert {"model.safetensors", "config.json", "tokenizer.json", "preprocessor_config.json"} <= {
            path.name for path in (out / name).iterdir()
        }


def test_events_say_how_fast_and_how_starved(unbroken: tuple[Path, list[dict[str, Any]]]) -> None:
    _, events = unbroken
    assert [event["event"] for event in events[:4]] == ["loaded", "start", "validation", "step"]
    steps = [event for event in events if event["event"] == "step"]
    assert all(step["pairs_per_second"] > 0 and 0 <= step["waiting"] <= 1 for step in steps)
    assert [step["progress"] for step in steps] == sorted(step["progress"] for step in steps)
    assert steps[-1]["progress"] == 1
    assert [event["event"] for event in events].count("validation") == 5  # before, and after each of four epochs


@pytest.fixture
def saved_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    from clipseek.training.run import loop

    monkeypatch.setattr(loop, "SAVE_LEAST", 0.0)


def test_epochs_of_a_moment_are_not_all_written_to_disk(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.loop import train
    from clipseek.training.run.run_folder import RunFolder

    saved: list[int] = []

    def look(event: dict[str, Any]) -> None:
        if event["event"] == "step" and ((tmp_path / "run/state.pt").exists() or (tmp_path / "run/best").exists()):
            saved.append(event["step"])

    best = train(config(base), pairs, tmp_path / "run", on_event=look)
    assert not saved
    assert (best / "model.safetensors").is_file()
    assert RunFolder(tmp_path / "run", print).summary()["validation"]["validation_mrr"] > 0


class Killed(Exception):
    """Stands for anything that ends a process."""


def run_until(config: Any, pairs: Any, out: Path, step: int) -> None:
    from clipseek.training.run.loop import train

    def kill(event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["step"] == step:
            raise Killed

    with pytest.raises(Killed):
        train(config, pairs, out, on_event=kill)


@pytest.mark.usefixtures("saved_each_epoch")
def test_a_killed_run_resumed_ends_in_the_same_bits(
    unbroken: tuple[Path, list[dict[str, Any]]], base: str, pairs: Any, tmp_path: Path
) -> None:
    import torch
    from clipseek.training.run.loop import train

    out, events = unbroken
    run = tmp_path / "run"
    steps_per_epoch = max(losses(events)) // 4
    run_until(config(base), pairs, run, step=2 * steps_per_epoch + 2)
    with (run / "history.jsonl").open("a") as file:
        file.write('{"event": "st')  # the kill fell into the middle of a line
    resumed: list[dict[str, Any]] = []
    train(config(base), pairs, run, resume=True, on_event=resumed.append)
    assert min(losses(resumed)) == 2 * steps_per_epoch + 1
    for step, loss in losses(resumed).items():
        assert loss == losses(events)[step], step
    for name in ("best", "last"):
        ours, theirs = weights(run / name), weights(out / name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    history = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in history if row["event"] == "step"] == list(losses(events))


def test_lora_resumed_ends_in_the_same_bits_in_an_ordinary_checkpoint(base: str, pairs: Any, tmp_path: Path) -> None:
    import torch
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train

    given = config(base, epochs=3.0, lora=4, patience=9)
    train(given, pairs, tmp_path / "whole")
    run_until(given, pairs, tmp_path / "cut", step=6)
    train(given, pairs, tmp_path / "cut", resume=True)
    whole, cut = weights(tmp_path / "whole" / "last"), weights(tmp_path / "cut" / "last")
    start = load_checkpoint(base).model.state_dict()
    assert whole.keys() == cut.keys() == start.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert not torch.equal(whole["visual_projection.weight"], start["visual_projection.weight"])
    assert torch.equal(
        whole["text_model.embeddings.token_embedding.weight"], start["text_model.embeddings.token_embedding.weight"]
    )


def test_resuming_a_finished_run_changes_nothing(
    unbroken: tuple[Path, list[dict[str, Any]]], base: str, pairs: Any
) -> None:
    from clipseek.training.run.loop import train

    out, _ = unbroken
    written = (out / "best" / "model.safetensors").stat().st_mtime_ns
    events: list[dict[str, Any]] = []
    assert train(config(base), pairs, out, resume=True, on_event=events.append) == out / "best"
    assert not events
    assert (out / "best" / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.usefixtures("saved_each_epoch")
def test_resuming_with_other_pairs_or_options_is_refused(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.errors import TrainingError
    from clipseek.training.run.loop import train

    run_until(config(base), pairs, tmp_path / "run", step=6)
    with pytest.raises(TrainingError, match="other pairs"):
        train(config(base), pairs.take(list(range(80))), tmp_path / "run", resume=True)
    with pytest.raises(TrainingError, match=r"learning_rate is 0.002, but .* was started with 0.001"):
        train(config(base, learning_rate=2e-3), pairs, tmp_path / "run", resume=True)


def test_a_broken_loss_stops_in_one_line_and_keeps_the_best(
    base: str, pairs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from clipseek.training.errors import Diverged
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train
    from clipseek.training.step.loss import contrastive_loss

    calls = []

    def overflowing(*arguments: Any) -> torch.Tensor:
        calls.append(arguments)
        return contrastive_loss(*arguments) * (
            float("inf") if len(calls) == 17 else 1.0
        )  # two kinds of captions a step

    monkeypatch.setattr("clipseek.training.step.loss.contrastive_loss", overflowing)
    run = tmp_path / "run"
    with pytest.raises(
        Diverged, match=r"the loss became inf at step 9; lower --lr .* best weights before are in"
    ) as stop:
        train(config(base), pairs, run)
    assert "\n" not in str(stop.value)
    assert all(torch.isfinite(value).all() for value in weights(run / "best").values())
    load_checkpoint(str(run / "best"))


def test_a_timed_run_ends_on_time(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.loop import train

    for minutes in (0.1, 0.5):  # a busy machine makes few steps in six seconds
        steps: list[dict[str, Any]] = []
        started = time.perf_counter()
        timed = config(base, epochs=10_000.0, minutes=minutes)
        train(timed, pairs, tmp_path / f"run-{minutes}", on_event=steps.append)
        assert 25 * minutes < time.perf_counter() - started < 140 * minutes
        steps = [event for event in steps if event["event"] == "step"]
        if len(steps) > 20:
            break
    assert steps[-1]["learning_rate"] < 0.2 * max(step["learning_rate"] for step in steps)
    assert (tmp_path / f"run-{minutes}" / "best" / "model.safetensors").is_file()


def test_general_pairs_are_mixed_in_and_measured(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.data.pairs import load_pairs
    from clipseek.training.model.checkpoint import load_checkpoint
    from clipseek.training.run.loop import train
    from clipseek.training.step.batch import BatchMaker, steps_of_an_epoch

    checkpoint = load_checkpoint(base)
    general = load_pairs(write_squares(tmp_path / "general", copies=1), checkpoint.image)
    maker = BatchMaker(config(base, keep_share=0.25), checkpoint, pairs, general)
    batch = maker.make(0)
    assert len(batch) == 16
    assert maker.steps_per_epoch == 96 // 12
    assert steps_of_an_epoch(config(base, keep_share=0.25), len(pairs), mixed=True) == 96 // 12
    assert (batch.keys.numpy() == maker.make(0).keys.numpy()).all()
    assert (batch.pixels.numpy() == maker.make(0).pixels.numpy()).all()
    events: list[dict[str, Any]] = []
    best = train(
        config(base, keep_share=0.25, epochs=2.0, keep_loss=0.0),
        pairs,
        tmp_path / "run",
        keep=general,
        keep_validation=general,
        on_event=events.append,
    )
    passes = [event for event in events if event["event"] == "validation"]
    assert all("general_batch_mrr" in row for row in passes)
    [interpolation] = [event for event in events if event["event"] == "interpolate"]
    done = events[-1]
    kept = next(row for row in interpolation["curve"] if row[0] == interpolation["alpha"])
    assert done["validation_mrr"] == kept[1]
    names = ("general_mrr", "general_batch_mrr")
    assert kept[2] == pytest.approx(min(done[name] / passes[0][name] for name in names))
    provenance = json.loads((best / "clipseek_training.json").read_text())
    assert provenance["alpha"] == interpolation["alpha"]


def test_bf16_follows_fp32(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.run.loop import train

    curves = []
    for precision in ("fp32", "bf16"):
        events: list[dict[str, Any]] = []
        train(config(base, precision=precision, epochs=2.0), pairs, tmp_path / precision, on_event=events.append)
        curves.append(losses(events))
    for step, loss in curves[0].items():
        assert curves[1][step] == pytest.approx(loss, rel=0.03)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pairs_are_refused_before_anything_is_written(
    base: str, pairs: Any, tmp_path: Path, count: int
) -> None:
    from clipseek.training.errors import UnusableData
    from clipseek.training.run.loop import train

    with pytest.raises(UnusableData):
        train(config(base), pairs.take(list(range(count))), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_time_that_is_over_before_the_first_step_is_said(base: str, pairs: Any, tmp_path: Path) -> None:
    from clipseek.training.errors import OutOfTime
    from clipseek.training.run.loop import train

    with pytest.raises(
        OutOfTime, match=r"^1e-06 minutes were over before the first step: .* took \d+ s; allow more with --minutes"
    ):
        train(config(base, minutes=1e-6), pairs, tmp_path / "run")
    assert not (tmp_path / "run" / "best").exists()
    train(config(base, minutes=5.0), pairs, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "best").is_dir()
