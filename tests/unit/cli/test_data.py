"""``clipseek data check`` as a user meets it: in a process of its own, streams and exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import run_command
from tests.models import make_tiny_bundle, make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command("data", "check", *arguments)


def test_a_checkpoint_and_its_bundle_count_the_same_tokens(tmp_path: Path) -> None:
    make_tiny_bundle(make_tiny_clip(tmp_path / "checkpoint"), tmp_path / "bundle")
    for record in write_squares(tmp_path / "pictures"):
        record.image.with_suffix(".txt").write_text(f"{record.caption}, " * 5)
    (tmp_path / "pictures" / "short.png").write_bytes((tmp_path / "pictures" / "red-left-0.png").read_bytes())
    (tmp_path / "pictures" / "short.txt").write_text("red cat")
    values = []
    for model in ("checkpoint", "bundle"):
        done = check(tmp_path / "pictures", "--model", tmp_path / model, "--json")
        assert done.returncode == 0, done.stderr
        assert "Token indices" not in done.stderr
        values.append(json.loads(done.stdout))
    assert values[0] == values[1]
    assert values[0]["lengths"]["context"] == 24
    assert values[0]["lengths"]["cut"] == 24  # all but "red cat", of four tokens
    assert values[0]["lengths"]["tokens"]["least"] == 4
    done = check(tmp_path / "pictures")
    rows = {line.split("  ")[0]: line.split() for line in done.stdout.splitlines()}
    assert "25" in rows["readable"]
    assert "24" in rows["distinct pictures"]
    assert "red-left-0.png = " in done.stderr


def test_nothing_to_train_on_is_1(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("image\tcaption\nabsent.png\ta cat\n")
    done = check(tmp_path / "pairs.tsv")
    assert done.returncode == 1
    assert "absent.png: no such file" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("clipseek: ")
    missing = check(tmp_path / "nowhere")
    assert (missing.returncode, missing.stdout, missing.stderr.count("\n")) == (1, "", 1)


def test_a_model_names_the_pairs_that_it_doubts(tmp_path: Path) -> None:
    records = write_squares(tmp_path / "pictures", copies=2)
    checkpoint = make_tiny_clip(tmp_path / "checkpoint")
    rows = [json.dumps({"image": str(record.image), "caption": record.caption}) for record in records]
    (tmp_path / "pairs.jsonl").write_text("\n".join(rows), "utf-8")
    done = check(tmp_path / "pairs.jsonl", "--model", checkpoint, "--mismatches", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["mismatched"]
    assert found["pairs"] == 48
    assert found["doubted"]  # an untrained model cannot tell, and says so
    assert found["noticed"] < 1
    assert {row["file"] for row in found["doubted"]} <= {str(record.image) for record in records}
    doubts = [row["doubt"] for row in found["doubted"]]
    assert doubts == sorted(doubts, reverse=True)
    assert min(doubts) > 0.1
    done = check(tmp_path / "pairs.jsonl", "--mismatches")
    assert done.returncode == 2
    assert "--model" in done.stderr


def test_patterns_choose_among_the_files_of_a_folder(tmp_path: Path) -> None:
    for place in ("mine", "mine/previews", "@eaDir"):
        for record in write_squares(tmp_path / "pairs" / place):
            record.image.with_suffix(".txt").write_text(record.caption)
    done = check(tmp_path / "pairs", "--exclude", "previews/", "--include", "mine", "--json")
    value = json.loads(done.stdout)
    reasons = {Path(row["file"]).name: row["reason"] for row in value["other_files"]}
    assert reasons == {
        "previews": "left out by --exclude previews/",
        "@eaDir": "made by a Synology NAS, no picture of yours; left out",
    }
    assert value["files"] == value["captions"] == 24
    (tmp_path / "pairs.tsv").write_text("image\tcaption\na.png\ta cat\n")
    refused = check(tmp_path / "pairs.tsv", "--exclude", "x")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith(
        "is no folder; --exclude and --include choose among a folder's files"
    )


def test_a_data_set_is_recognised_and_named_in_one_line(tmp_path: Path) -> None:
    records = write_squares(tmp_path)
    rows = [json.dumps({"file_name": record.image.name, "text": record.caption}) for record in records]
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))
    done = check(tmp_path, "--json")
    assert done.stderr.count("recognised as an ImageFolder") == 1
    value = json.loads(done.stdout)
    assert (value["captions"], value["other_files"]) == (24, [])
    assert "recognised" not in check(tmp_path, "--json", "--layout", "imagefolder").stderr
