"""``clipseek reproduce`` on a made corpus of each layout, with leaks planted into its test split."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from clipseek.cli.main import root

from tests.command import run_command
from tests.leaky import CAPTION, EQUAL, LAYOUTS, NEAR, items
from tests.models import make_tiny_clip

pytestmark = pytest.mark.train
SETS = {"imageclef": "imageclef as in the talk", "roco": "roco", "rsicd": "rsicd"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_clip(tmp_path_factory.mktemp("base")))


def made(folder: Path, name: str) -> Path:
    LAYOUTS[SETS[name]][0](folder, items(folder.parent / "squares"))
    return folder


def reproduce(name: str, source: Path, base: str, *more: str) -> Result:
    quick = ["--epochs", "1", "--rates", "5e-5,5e-4", "--no-cache"]
    out = str(source.parent / "out")
    return CliRunner().invoke(root, ["reproduce", name, str(source), "--out", out, "--base", base, *quick, *more])


@pytest.mark.parametrize("name", SETS)
def test_planted_leaks_are_found_and_not_trained_on(tmp_path: Path, name: str, base: str) -> None:
    done = reproduce(name, made(tmp_path / "source", name), base, "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    found = plan["leaks"]["train and test"]
    assert [found[kind]["there"] for kind in ("equal", "near", "captions", "groups")] == [1, 1, 1, 0]
    assert [Path(found[kind]["examples"][0][1]).stem for kind in ("equal", "near")] == [EQUAL, NEAR]
    caption = next(item.caption for item in items(tmp_path / "again") if item.name == CAPTION)
    assert found["captions"]["examples"] == [[caption]]
    trained = {Path(example).stem for kind in ("equal", "near") for example, _ in found[kind]["examples"]}
    assert {Path(file).stem for part in ("train", "validation") for file in plan["left_out"][part]} == trained
    assert sum(plan["pairs"].values()) == 24 - 2
    assert plan["pairs"]["test"] == 8


def test_captions_of_figures_are_cleaned_unless_told_not_to(tmp_path: Path) -> None:
    from clipseek.training.reproduce.data_sets import records_by_part, sources_of

    source = made(tmp_path / "source", "roco")
    path = source / "train/radiology/captions.txt"
    path.write_text(path.read_text().replace("\t", "\tFigure 2. ", 1))
    said: list[str] = []
    first = {
        clean: records_by_part(sources_of("roco", source, clean=clean), said.append)["train"][0].caption
        for clean in (True, False)
    }
    assert first[False] == f"Figure 2. {first[True]}"
    assert any("cleaned" in line for line in said)


def test_the_table_and_a_second_run_that_trains_nothing(tmp_path: Path, base: str) -> None:
    source = made(tmp_path / "source", "roco")
    first = reproduce("roco", source, base)
    assert first.exit_code == 0, first.output
    rows = [line for line in first.stdout.splitlines() if line.startswith(("base", "run-5", "ours"))]
    assert [row.split("  ")[0] for row in rows] == ["base", "run-5 as it was", "run-5, rate tuned", "ours (auto)"]
    assert "8 test pictures, each ranking the captions of its batch of 8" in first.stdout
    assert "train and test share: pictures 1 of equal bytes, 1 nearly the same" in first.stderr
    assert "rate of run-5 by validation MRR@10" in first.stderr
    results = tmp_path / "out" / "results.jsonl"
    before = results.read_bytes()
    second = reproduce("roco", source, base)
    assert (second.stdout, results.read_bytes()) == (first.stdout, before)
    assert "== " not in second.stderr


def test_another_layout_and_a_wrong_rate_are_one_line(tmp_path: Path) -> None:
    source = made(tmp_path / "source", "roco")
    for name, more, code, words in (
        ("imageclef", [], 1, "is not laid out like ImageCLEF 2017"),
        ("rsicd", [], 1, "expected dataset_rsicd.json beside the folder of its pictures, found none"),
        ("roco", ["--rates", "fast"], 2, "--rates is 'fast', expected numbers between 0 and 1"),
    ):
        done = run_command("reproduce", name, source, "--out", tmp_path / "out", *more)
        assert (done.returncode, done.stdout) == (code, "")
        assert words in done.stderr
        assert "Traceback" not in done.stderr
