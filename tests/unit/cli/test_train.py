"""``clipseek train`` as a user meets it: in a process of its own, streams and exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import run_command
from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


def clipseek(*arguments: str | Path, cache: Path) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, environment={"CLIPSEEK_CACHE": str(cache)})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint and a manifest with two files that cannot be read."""
    folder = tmp_path_factory.mktemp("shared")
    make_tiny_clip(folder / "base")
    lines = ["image\tcaption\tgroup"]
    for record in write_squares(folder / "pictures", copies=3):
        lines.append(f"pictures/{record.image.name}\t{record.caption}\t{record.group}")
    (folder / "pictures" / "text.jpg").write_text("hello")
    lines += ["pictures/text.jpg\ta text\tx", "pictures/absent.png\tabsent\ty"]
    (folder / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def train(shared: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    options: list[str | Path] = [
        "--base",
        shared / "base",
        "--epochs",
        "2",
        "--batch-size",
        "16",
        "--lr",
        "1e-3",
        "--val-fraction",
        "0.2",
        *(() if "--recipe" in more else ("--recipe", "best")),
    ]
    return clipseek("train", shared / "pairs.tsv", "--out", out, *options, *more, cache=shared / "cache")


@pytest.fixture(scope="module")
def run(shared: Path) -> Path:
    out = shared / "run"
    done = train(shared, out, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["checkpoint"] == str(out / "best")
    assert summary["recipe"]["epochs"] == 2
    assert 0 < summary["validation"]["validation_mrr"] <= 1
    assert "72 pairs, 72 pictures" in done.stderr
    assert "text.jpg: not an image" in done.stderr
    assert "absent.png: no such file" in done.stderr
    assert "pairs/s" in done.stderr
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr
    return out


def test_a_run_is_not_overwritten_unasked(shared: Path, run: Path) -> None:
    done = train(shared, run)
    assert done.returncode == 1
    assert "holds a run; go on with --resume" in done.stderr
    assert done.stderr.count("\n") == 1
    both = train(shared, run, "--resume", "--overwrite")
    assert both.returncode == 2


def test_resuming_a_finished_run_says_so_and_shows_the_table(shared: Path, run: Path) -> None:
    done = train(shared, run, "--resume")
    assert done.returncode == 0, done.stderr
    assert "was finished already" in done.stderr
    assert "MRR@20, in batches of 64" in done.stdout
    assert f"clipseek export-onnx {run / 'best'}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.tsv"], 1, "nowhere.tsv"),
        (["pairs.tsv", "--base", "./nothing"], 1, "is no checkpoint folder"),
        (["pairs.tsv", "--base", "some/model"], 1, "cannot be fetched from the hub"),
        (["pairs.tsv", "--batch-size", "1"], 1, "batch_size is 1, expected at least 2"),
        (["pairs.tsv", "--lr", "fast"], 2, "Usage"),
        (["equal.tsv"], 1, "all 2 captions are equal"),
        (["one.tsv"], 1, "1 pair to train on"),
        (["empty.tsv"], 1, "no usable pair among 0 records"),
    ],
)
def test_what_goes_wrong_takes_one_line(
    shared: Path, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    first = "pictures/red-left-0.png"
    (shared / "equal.tsv").write_text(f"image\tcaption\n{first}\tsame\npictures/red-top-0.png\tSame \n", "utf-8")
    (shared / "one.tsv").write_text(f"image\tcaption\n{first}\tonly\n", "utf-8")
    (shared / "empty.tsv").write_text("image\tcaption\n", "utf-8")
    base = [] if "--base" in arguments else ["--base", str(shared / "base")]
    source, *more = arguments
    done = clipseek("train", shared / source, "--out", tmp_path / "run", *base, *more, cache=shared / "cache")
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stdout == ""
    if code == 1:
        assert done.stderr.splitlines()[-1].startswith("clipseek: ")
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_evaluate_a_checkpoint_and_its_export_alike(shared: Path, run: Path) -> None:
    from tests.models import make_tiny_bundle

    make_tiny_bundle(run / "best", shared / "bundle")
    reports = []
    for model in (run / "best", shared / "bundle"):
        done = clipseek("evaluate", model, shared / "pairs.tsv", "--batch", "8", "--json", cache=shared / "cache")
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout))
    ours, export = reports
    assert (ours["pairs"], ours["pictures"], ours["skipped"]) == (72, 72, 2)
    assert ours["data"] == export["data"]
    for part in ("in_batches", "whole_gallery"):
        for direction in ("text_to_image", "image_to_text"):
            one, other = ours[part][direction], export[part][direction]
            assert (one["queries"], one["gallery"]) == (other["queries"], other["gallery"])
            for k, value in one["mrr"].items():
                assert other["mrr"][k] == pytest.approx(value, abs=0.02), (part, direction, k)
    assert ours["in_batches"]["image_to_text"]["gallery"] == 8
    assert ours["whole_gallery"]["image_to_text"]["gallery"] == 72


def test_evaluate_prints_sizes_and_says_what_it_left_out(shared: Path) -> None:
    done = clipseek("evaluate", shared / "base", shared / "pairs.tsv", "--batch", "20", cache=shared / "cache")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "each against" in lines[0]
    assert [line.split("  ")[0] for line in lines[2:]] == ["batches of 20"] * 2 + ["whole gallery"] * 2
    assert "12 left out" in done.stderr
    whole = clipseek("evaluate", shared / "base", shared / "pairs.tsv", "--batch", "500", cache=shared / "cache")
    assert "do not fill a batch of 500" in whole.stderr


def test_evaluate_refuses_what_is_no_model(shared: Path) -> None:
    done = clipseek("evaluate", "./nothing", shared / "pairs.tsv", cache=shared / "cache")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is no checkpoint folder" in done.stderr


def test_the_options_know_every_recipe() -> None:
    from clipseek.cli.options.recipe import NAMES
    from clipseek.training.run.recipes import RECIPES

    assert tuple(RECIPES) == NAMES


def test_every_setting_of_a_training_is_an_option() -> None:
    import dataclasses

    from clipseek.cli.train import train as command
    from clipseek.training.config import TrainConfig

    options = {parameter.name for parameter in command.params}
    assert {field.name for field in dataclasses.fields(TrainConfig)} <= options


def test_two_betas_are_given_together(shared: Path, tmp_path: Path) -> None:
    done = train(shared, tmp_path / "run", "--betas", "0.9", "--dry-run")
    assert (done.returncode, "'0.9' are not two numbers; give them as in 0.9,0.98" in done.stderr) == (2, True)


def test_a_recipe_is_taken_and_changed(shared: Path, tmp_path: Path) -> None:
    done = train(shared, tmp_path / "run", "--recipe", "talk/run-2", "--samples", "32")
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))
    assert (config["recipe"], config["samples"], config["schedule"], config["augment"]) == (
        "talk/run-2",
        32,
        "linear",
        False,
    )
    assert (config["batch_size"], config["learning_rate"]) == (16, 1e-3)


def test_a_dry_run_says_what_a_run_would_do_and_writes_nothing(shared: Path, tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "run"
    options: list[str | Path] = ["--base", shared / "base", "--val-fraction", "0.2", "--dry-run"]
    done = clipseek("train", shared / "pairs.tsv", "--out", out, *options, cache=cache)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith("pairs to train on")
    assert any(line.startswith("recipe auto chooses among") for line in lines)
    assert any("text.jpg: not an image" in line for line in lines)
    assert [line.split()[0] for line in lines[-2:]] == ["time", "memory"]
    assert not out.exists()
    assert not cache.exists()
    missing = clipseek("train", shared / "pairs.tsv", cache=cache)
    assert (missing.returncode, "Missing option '--out'" in missing.stderr) == (2, True)


@pytest.mark.parametrize("after", [0.46, 0.64])
def test_a_training_that_lost_is_said(after: float, capsys: pytest.CaptureFixture[str]) -> None:
    from clipseek.cli.train import show

    ran = {"checkpoint": "run/best", "plot": "run/loss.png", "pairs_per_second": 9.0, "seconds": 3.0, "steps": 2}
    ran["validation_gallery"] = 1990
    show({**ran, "before": {"validation_mrr": 0.63}, "validation": {"validation_mrr": after}})
    shown = capsys.readouterr()
    assert ("the base finds more than the tuned model" in shown.err) is (after < 0.63)
    assert "MRR@10, gallery of 1,990 held-out pictures" in shown.out  # not of all that are held out
    assert "these pairs also chose the weights" in shown.err
