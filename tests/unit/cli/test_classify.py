"""``clipseek classify`` as a user meets it: in a process of its own, streams and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from clipseek.encoder.device.gpu import gpu_in_sight

from tests.models import make_tiny_bundle, make_tiny_clip
from tests.pairs import write_squares

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classify")
    make_tiny_bundle(make_tiny_clip(folder / "checkpoint"), folder / "bundle")
    write_squares(folder / "pictures")
    (folder / "pictures" / "notes.txt").write_text("no picture, by its name")
    (folder / "pictures" / "broken.png").write_bytes(b"no picture")
    return folder


def classify(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clipseek.cli", "classify", "--model", folder / "bundle", *arguments]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)


def test_a_folder_in_a_pipe_and_as_json(shared: Path) -> None:
    done = classify(shared, shared / "pictures", "--labels", "red square, blue square,cat")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("skipped") == 1
    assert "broken.png: not an image" in done.stderr
    head, *lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["picture", "label", "red square", "blue square", "cat"]
    assert len(lines) == 24
    (shared / "labels.txt").write_text("red square\n\nblue square\ncat\n")
    again = classify(shared, shared / "pictures", "--labels-file", shared / "labels.txt", "--json")
    value = json.loads(again.stdout)
    assert [entry["picture"] for entry in value["pictures"]] == [line[0] for line in lines]
    for entry, line in zip(value["pictures"], lines, strict=True):
        assert sum(entry["probabilities"].values()) == pytest.approx(1)
        assert list(entry["probabilities"].values()) == pytest.approx([float(cell) for cell in line[2:]], abs=1e-6)
        assert entry["label"] == line[1] == max(entry["probabilities"], key=entry["probabilities"].__getitem__)
    assert [Path(one["picture"]).name for one in value["skipped"]] == ["broken.png"]


def test_a_part_of_a_picture(shared: Path) -> None:
    parts = [
        f"{shared / 'pictures' / 'red-left-0.png'}#{crop}"
        for crop in ("0%,0%,50%,100%", "50%,0%,50%,100%", "90%,0%,20%,9%")
    ]
    refused = classify(shared, *parts, "--labels", "cat,dog")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "ends outside the picture" in refused.stderr
    rows = [line.split("\t") for line in classify(shared, *parts[:2], "--labels", "cat,dog").stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == parts[:2]
    assert rows[0][2:] != rows[1][2:]
    done = classify(
        shared, parts[0], f"{shared / 'pictures' / 'red-left-0.png'}#0,0,9,999", "--labels", "cat,dog", "--json"
    )
    (skipped,) = json.loads(done.stdout)["skipped"]
    assert "ends outside the picture, which has" in skipped["reason"]


def test_the_template_counts(shared: Path) -> None:
    picture = shared / "pictures" / "red-left-0.png"
    rows = [
        classify(shared, picture, "--labels", "cat,dog", *more).stdout.splitlines()[1]
        for more in ((), ("--template", "{}"), ("--template", "a photo of {}", "--template", "{}"))
    ]
    assert len({*rows}) == 3


def test_nothing_readable_is_1(shared: Path) -> None:
    done = classify(shared, shared / "pictures" / "broken.png", shared / "absent.png", "--labels", "cat,dog")
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert lines[2] == "clipseek: none of 2 pictures can be read; name picture files, or folders of them"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--labels A,B,C or with --labels-file"),
        (("--labels", "cat"), "1 label given, expected at least two"),
        (("--labels", "cat,dog", "--labels-file", "x"), "not both"),
        (("--labels-file", "nowhere.txt"), "nowhere.txt cannot be read (No such file or directory)"),
        (("--labels", "cat,dog", "--template", "a photo"), "'a photo' has no place for the label"),
    ],
)
def test_usage_is_2(shared: Path, arguments: tuple[str, ...], words: str) -> None:
    done = classify(shared, shared / "pictures", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.skipif(gpu_in_sight(), reason="this machine has a GPU; the error is for those without")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_device_that_does_not_work_is_one_line(shared: Path, device: str, tmp_path: Path) -> None:
    cache = ["--tensorrt-cache", str(tmp_path / "engines")] if device == "tensorrt" else []
    done = classify(shared, shared / "pictures", "--labels", "a,b", "--device", device, *cache)
    assert done.returncode == 1
    assert f"device {device} does not work here (" in done.stderr
    assert "no NVIDIA driver is in sight" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("option", [["--tensorrt-fp16"], ["--tensorrt-cache", "engines"]])
def test_options_of_another_device_are_refused(shared: Path, option: list[str]) -> None:
    done = classify(shared, shared / "pictures", "--labels", "a,b", *option)
    assert done.returncode == 2
    assert "goes with --device tensorrt, not with --device auto" in done.stderr


def test_accuracy_with_known_labels(shared: Path) -> None:
    rows = [f"{name}.png\t{name.split('-')[0]}" for name in ("red-left-0", "red-top-0", "blue-left-0", "green-top-0")]
    manifest = shared / "pictures" / "labelled.tsv"
    manifest.write_text("\n".join(["image\tcolour", *rows, "white-top-0.png\t", "broken.png\tred"]) + "\n", "utf-8")
    done = classify(shared, manifest, "--truth", "colour", "--json")
    assert done.returncode == 0, done.stderr
    assert "1 picture without a label in colour, left out" in done.stderr
    value = json.loads(done.stdout)
    assert value["pictures"] == 4
    assert value["label_names"] == ["blue", "green", "red"]
    assert {one["label"]: one["pictures"] for one in value["labels"]} == {"red": 2, "blue": 1, "green": 1}
    alone = classify(shared, shared / "pictures", "--labels", "blue,green,red", "--json")
    likeliest = {Path(one["picture"]).stem: one["label"] for one in json.loads(alone.stdout)["pictures"]}
    right = [likeliest[row.split(".")[0]] == row.split("\t")[1] for row in rows]
    assert value["top"] == {"1": sum(right) / 4}
    assert [Path(one["picture"]).name for one in value["skipped"]] == ["broken.png"]
    table = classify(shared, manifest, "--truth", "colour", "--labels", "Red,blue")
    assert "1 picture of labels that were not given, left out: green" in table.stderr
    assert table.stdout.splitlines()[0].startswith("accuracy, 3 pictures, 2 labels")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--truth", "shape"], "no picture of"),
        (["more", "--truth", "colour"], "--truth reads one source, not 2"),
        (["--split", "test", "--labels", "a,b"], "--split goes with --truth"),
    ],
)
def test_what_goes_wrong_with_known_labels_takes_one_line(shared: Path, arguments: list[str], words: str) -> None:
    done = classify(shared, shared / "pictures", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
