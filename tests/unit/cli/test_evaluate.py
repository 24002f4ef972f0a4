"""``clipseek evaluate --against`` as a user meets it: in a process of its own, streams and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from clipseek.cli import evaluate as evaluating
from clipseek.export import models
from clipseek.training.model import checkpoint

from tests.command import run_command
from tests.models import make_tiny_bundle, make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints that take different pixels, a bundle of the first, and a manifest with an unreadable picture."""
    folder = tmp_path_factory.mktemp("evaluate")
    make_tiny_clip(folder / "one")
    make_tiny_clip(folder / "large", seed=1, size=48, dimension=32)
    make_tiny_bundle(folder / "one", folder / "bundle")
    lines = ["image\tcaption\tgroup"]
    for record in write_squares(folder / "pictures", copies=3):
        lines.append(f"pictures/{record.image.name}\t{record.caption}\t{record.group}")
    (folder / "pictures" / "text.jpg").write_text("hello")
    lines.append("pictures/text.jpg\ta text\tx")
    (folder / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def evaluate(folder: Path, model: str, *more: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {"CLIPSEEK_CACHE": str(folder / "cache")}
    return run_command("evaluate", folder / model, folder / "pairs.tsv", *more, environment=environment)


def test_a_bundle_against_its_checkpoint_shows_no_difference(shared: Path) -> None:
    done = evaluate(shared, "bundle", "--against", shared / "one", "--batch", "16", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["against"]["model"] == str(shared / "one")
    assert len(value["changes"]) == 16
    for change in value["changes"]:
        assert abs(change["difference"]) < 0.02  # a near tie may fall either way
        assert change["p"] > 0.2


def test_models_of_different_pixels_on_the_same_pairs(shared: Path) -> None:
    done = evaluate(shared, "one", "--against", shared / "large", "--batch", "16", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert (value["pairs"], value["pictures"], value["skipped"]) == (72, 72, 1)
    # Each model's own figures, as it gets them alone.
    alone = json.loads(evaluate(shared, "large", "--batch", "16", "--json").stdout)
    assert value["against"]["whole_gallery"] == alone["whole_gallery"]
    assert value["against"]["in_batches"] == alone["in_batches"]
    for change in value["changes"]:
        part = "whole_gallery" if change["ranked"] == "whole gallery" else "in_batches"
        kind, _, depth = change["figure"].partition("@")
        for when, report in (("after", value), ("before", value["against"])):
            scores = report[part][change["direction"].replace(" ", "_")]
            assert change[when] == pytest.approx(scores["mrr" if kind == "MRR" else "recall"][depth])


def test_pairs_of_a_pipe_are_read_once_for_models_of_different_pixels(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(shared / "cache"))
    pipe = shared / "pipe.tsv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=((shared / "pairs.tsv").read_bytes(),), daemon=True)
    writer.start()
    given = [str(shared / "one"), str(pipe), "--layout", "tsv", "--against", str(shared / "large"), "--batch", "16"]
    done = CliRunner().invoke(evaluating.evaluate, [*given, "--json"])
    writer.join(timeout=10)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["pairs"] == 72


def test_the_tables_and_a_model_that_is_not_there(shared: Path) -> None:
    done = evaluate(shared, "one", "--against", shared / "one", "--batch", "16")
    assert done.returncode == 0, done.stderr
    assert f"after: {shared / 'one'}" in done.stdout
    rows = [line for line in done.stdout.splitlines() if "MRR@10 " in line and "whole gallery" in line]
    assert [row.split()[-1] for row in rows] == ["1.000", "1.000"]
    missing = evaluate(shared, "one", "--against", shared / "nowhere")
    assert missing.returncode == 1
    assert missing.stdout == ""
    assert missing.stderr.count("\n") == 1, missing.stderr


def test_the_html_report_is_whole_and_its_place_is_checked_first(shared: Path) -> None:
    out = shared / "new" / "report.html"
    done = evaluate(shared, "one", "--against", shared / "large", "--batch", "16", "--html", out, "--json")
    assert done.returncode == 0, done.stderr
    assert f"wrote {out}" in done.stderr
    page = out.read_text("utf-8")
    assert page.endswith("</html>\n")
    assert page.count("<svg") == 5
    assert page.count("data:image/webp;base64,") >= 11
    assert [path.name for path in out.parent.iterdir()] == ["report.html"]
    refused = evaluate(shared, "one", "--html", shared / "pairs.tsv" / "report.html")
    assert refused.returncode == 2
    assert "report.html cannot be written (File exists); name another file" in refused.stderr


def test_pairs_that_the_model_was_trained_on_are_said(shared: Path) -> None:
    options = ("--epochs", "1", "--batch-size", "16", "--val-fraction", "0.2", "--base", shared / "one")
    environment = {"CLIPSEEK_CACHE": str(shared / "cache")}
    done = run_command("train", shared / "pairs.tsv", "--out", shared / "run", *options, environment=environment)
    assert done.returncode == 0, done.stderr
    before = evaluate(shared, "one", "--batch", "16", "--json")
    assert "was trained on 0" not in before.stderr
    assert "it is not known whether it was trained on some of these pictures" in before.stderr
    assert json.loads(before.stdout)["trained_on"] is None
    after = evaluate(shared, "run/best", "--batch", "16", "--json")
    seen = json.loads(after.stdout)["trained_on"]
    assert 0 < seen < 72  # some were held out
    assert f"run/best was trained on {seen} of these 72 pictures" in after.stderr


def test_slices_of_a_column_the_worst_first_in_json_table_and_page(shared: Path) -> None:
    lines = (shared / "pairs.tsv").read_text("utf-8").splitlines()
    rows = [lines[0] + "\tcolour", *(f"{line}\t{line.split('/')[1].split('-')[0].split('.')[0]}" for line in lines[1:])]
    doubled = [row.replace("drawing", "sketch") for row in rows[1:]]
    (shared / "coloured.tsv").write_text("\n".join([*rows, *doubled]) + "\n", "utf-8")
    environment = {"CLIPSEEK_CACHE": str(shared / "cache")}
    page = shared / "slices.html"
    command: list[str | Path] = ["evaluate", shared / "bundle", shared / "coloured.tsv", "--by", "colour"]
    done = run_command(*command, "--html", page, "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["slices"]
    assert {one["value"] for one in found} == {"red", "green", "blue", "yellow", "black", "white"}
    assert [one["queries"] for one in found] == [24] * 6
    assert [one["mrr"] for one in found] == sorted(one["mrr"] for one in found)
    assert all(one["low"] <= one["mrr"] <= one["high"] for one in found)
    assert f"Worst queries of colour {found[0]['value']}" in page.read_text("utf-8")
    refused = run_command(*command[:-1], "shape", environment=environment)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--by shape: no pair has a value there; the source's columns are colour, group" in refused.stderr


def test_a_column_that_is_not_there_is_refused_before_anything_is_encoded(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(shared / "cache"))
    monkeypatch.setattr(models, "judge", lambda *_, **__: pytest.fail("the pairs were encoded"))
    given = [str(shared / "bundle"), str(shared / "pairs.tsv"), "--by", "shape"]
    refused = CliRunner().invoke(evaluating.evaluate, given)
    assert refused.exit_code == 2, refused.output
    assert "--by shape: no pair has a value there" in refused.output


def test_each_checkpoint_is_loaded_once(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPSEEK_CACHE", str(shared / "cache"))
    loaded: list[str] = []
    load = checkpoint.load_checkpoint

    def counted(name: str) -> checkpoint.Checkpoint:
        loaded.append(name)
        return load(name)

    monkeypatch.setattr(checkpoint, "load_checkpoint", counted)
    given = [str(shared / "one"), str(shared / "pairs.tsv"), "--against", str(shared / "large"), "--batch", "16"]
    done = CliRunner().invoke(evaluating.evaluate, given)
    assert done.exit_code == 0, done.output
    assert loaded == [str(shared / "one"), str(shared / "large")]
