"""``--split`` of the commands as a user meets it, on a made ImageCLEF and a table with a column ``split``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import run_command
from tests.models import make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train

#: Python runs it at its start, in every process of the command; it notes the process and each picture that it opens.
_NOTES_WHAT_IS_OPENED = """
import os, sys
log = os.open(os.environ["OPENED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(log, f"process {os.getpid()}\\n".encode())
def note(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".jpg"):
        os.write(log, (str(arguments[0]) + "\\n").encode())
sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, an ImageCLEF of 48 training and 24 validation pictures, and a table of its pictures with three splits."""
    folder = tmp_path_factory.mktemp("splits")
    make_tiny_clip(folder / "base")
    places = {
        "Training": folder / "clef/training/CaptionPredictionTraining2017",
        "Validation": folder / "clef/validation/ConceptDetectionValidation2017",
    }
    lines: dict[str, list[str]] = {name: [] for name in places}
    rows = ["image\tcaption\tsplit"]
    for place in places.values():
        place.mkdir(parents=True)
    for number, record in enumerate(write_squares(folder / "squares", copies=3)):
        part = "Validation" if number % 3 == 0 else "Training"
        picture = places[part] / f"{record.image.stem}.jpg"
        shutil.copy(record.image, picture)
        lines[part].append(f"{picture.stem}\t{record.caption}\n")
        split = "train" if part == "Training" else "test" if number % 2 else "val"
        rows.append(f"{picture.relative_to(folder)}\t{record.caption}\t{split}")
    for part, texts in lines.items():
        (folder / "clef" / part.lower() / f"CaptionPrediction{part}2017-Captions.csv").write_text("".join(texts))
    (folder / "pairs.tsv").write_text("\n".join(rows))
    return folder


def clipseek(shared: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, environment={"CLIPSEEK_CACHE": str(shared / "cache")})


OPTIONS = ["--epochs", "1", "--batch-size", "16", "--lr", "1e-3", "--val-fraction", "0.2", "--json"]


#: The command with workers that decode, as on a machine of many cores; at once, or as training goes from so many pictures on.
_WITH_WORKERS = """
import os
from clipseek.cli import opening
from clipseek.encoder.run import decoding
decoding.CORES, decoding.MANY = 1, 1
opening.STREAMED = int(os.environ["STREAMED"])
from clipseek.cli.main import main
main()
"""


@pytest.mark.parametrize("streamed", ["1", "1000"])
def test_a_training_on_imageclef_never_opens_a_picture_of_another_split(
    shared: Path, tmp_path: Path, streamed: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_NOTES_WHAT_IS_OPENED)
    watched = {
        **os.environ,
        "OPENED": str(tmp_path / "opened"),
        "STREAMED": streamed,
        "PYTHONPATH": str(tmp_path),
        "CLIPSEEK_CACHE": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    places = [str(shared / "clef"), "--out", str(tmp_path / "run"), "--base", str(shared / "base")]
    done = subprocess.run(
        [sys.executable, "-c", _WITH_WORKERS, "train", *places, *OPTIONS],
        env=watched,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    noted = set((tmp_path / "opened").read_text().splitlines())
    opened = {line for line in noted if not line.startswith("process ")}
    assert len(noted - opened) > 1, "no worker was watched"
    assert len(opened) == 48
    assert not [path for path in opened if "Validation" in path]
    line = "clef: split training, 48 records; left out: 24 of validation (--split chooses others)"
    assert done.stderr.count(line) == 1


def test_validation_of_the_same_source_is_its_validation_split(shared: Path, tmp_path: Path) -> None:
    same = ["--validation", str(shared / "pairs.tsv")]
    done = clipseek(
        shared, "train", shared / "pairs.tsv", "--out", tmp_path / "run", "--base", shared / "base", *same, *OPTIONS
    )
    assert done.returncode == 0, done.stderr
    assert "split train, 48 records; left out: 12 of val, 12 of test" in done.stderr
    assert "split val, 12 records; left out: 48 of train, 12 of test" in done.stderr


def test_evaluate_takes_what_was_not_trained_on(shared: Path) -> None:
    values = []
    cases: list[tuple[str, list[str]]] = [("clef", []), ("pairs.tsv", []), ("pairs.tsv", ["--split", "test,val"])]
    for source, more in cases:
        done = clipseek(shared, "evaluate", shared / "base", shared / source, "--batch", "8", "--json", *more)
        assert done.returncode == 0, done.stderr
        values.append((json.loads(done.stdout)["pairs"], json.loads(done.stdout)["split"]))
    assert values == [(24, ["validation"]), (12, ["test"]), (24, ["val", "test"])]


@pytest.mark.parametrize("command", ["train", "evaluate", "data check"])
def test_a_split_that_is_not_there_is_one_line(shared: Path, tmp_path: Path, command: str) -> None:
    model = [str(shared / "base")] if command == "evaluate" else []
    more = ["--out", str(tmp_path / "run"), "--base", str(tmp_path / "nowhere")] if command == "train" else []
    done = clipseek(shared, *command.split(), *model, shared / "pairs.tsv", "--split", "tset", *more)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "has no split 'tset'; its splits are val, train, test: choose with --split" in done.stderr
    assert done.stderr.count("\n") == 1
    assert clipseek(shared, *command.split(), *model, shared / "clef", "--split", ",", *more).returncode == 2


def test_data_check_reads_every_split_and_says_so(shared: Path) -> None:
    done = clipseek(shared, "data", "check", shared / "clef", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"] == 72
    assert "clef: every split (48 of training, 24 of validation); --split chooses" in done.stderr
    done = clipseek(shared, "data", "check", shared / "clef", "--json", "--split", "val")
    assert json.loads(done.stdout)["records"] == 24


def test_data_check_against_another_source_finds_the_planted_leaks(shared: Path, tmp_path: Path) -> None:
    rows = (shared / "pairs.tsv").read_text().splitlines()[1:]
    train, test = ([row.split("\t") for row in rows if row.endswith(part)] for part in ("\ttrain", "\ttest"))
    leaked, clean = test[0], test[1:]
    shutil.copy(shared / train[0][0], tmp_path / "copy.jpg")
    lines = [
        "image\tcaption\tsplit",
        f"copy.jpg\t{leaked[1]} unlike\ttest",
        f"{shared / leaked[0]}\t{train[1][1]}\tdev",
    ]
    lines += [f"{shared / image}\tanother {number}\ttest" for number, (image, *_) in enumerate(clean)]
    (tmp_path / "other.tsv").write_text("\n".join(lines))
    against = ["--split", "train", "--against", str(tmp_path / "other.tsv")]
    done = clipseek(shared, "data", "check", shared / "pairs.tsv", *against, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["against"]
    assert (found["source"], found["split"]) == (str(tmp_path / "other.tsv"), ["test", "dev"])
    assert found["equal"] == {
        "here": 1,
        "there": 1,
        "examples": [[str(shared / train[0][0]), str(tmp_path / "copy.jpg")]],
    }
    assert found["captions"]["examples"] == [[train[1][1]]]
    assert (found["captions"]["here"], found["groups"]["there"]) == (1, 0)
    done = clipseek(shared, "data", "check", shared / "pairs.tsv", *against)
    assert any(line.startswith("pictures of equal bytes") and "1" in line for line in done.stdout.splitlines())
    assert "tells nothing when it is tested on" in done.stderr
    # Two splits of one source, which share nothing.
    own = ["--split", "train", "--against", str(shared / "pairs.tsv"), "--against-split"]
    found = json.loads(clipseek(shared, "data", "check", shared / "pairs.tsv", *own, "test,val", "--json").stdout)
    assert (found["against"]["equal"]["there"], found["against"]["captions"]["there"]) == (0, 0)
    for more, code, words in (
        ([*own, "tset"], 1, "has no split 'tset'; its splits are val, train, test: choose with --against-split"),
        (["--against-split", "test"], 2, "name that with --against OTHER"),
        (["--against", str(tmp_path / "absent.tsv")], 1, "absent.tsv is not there"),
    ):
        done = clipseek(shared, "data", "check", shared / "pairs.tsv", *more)
        assert (done.returncode, done.stdout) == (code, "")
        assert words in done.stderr


def test_the_splits_of_the_talk_train_and_validate_on_its_training_part(shared: Path, tmp_path: Path) -> None:
    talk = ["--split", "talk"]
    done = clipseek(
        shared, "train", shared / "clef", "--out", tmp_path / "run", "--base", shared / "base", *OPTIONS, *talk
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if ": split " in line]
    assert len(lines) == 2
    assert ": split train, " in lines[0]
    assert ": split validation, " in lines[1]
    assert all("24 of test" in line for line in lines)
    done = clipseek(shared, "evaluate", shared / "base", shared / "clef", "--batch", "8", "--json", *talk)
    assert (json.loads(done.stdout)["pairs"], json.loads(done.stdout)["split"]) == (24, ["test"])
