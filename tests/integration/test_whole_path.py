"""Train, export, ingest and search by the command itself, in subprocesses, on a tiny CLIP and a few drawings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the whole path trains")

from clipseek.demo.corpus.render import draw, picture_path, write_manifest
from clipseek.demo.corpus.shipped import read_corpus

from tests.command import said
from tests.models import make_tiny_clip

pytestmark = [pytest.mark.integration, pytest.mark.train]
COMMAND = [sys.executable, "-m", "clipseek.cli"]


def clipseek(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == expect, f"{arguments}: {done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("icons")
    items = [item for item in read_corpus("domain") if item.set == "lucide"][:80]
    for item in items:
        path = picture_path(folder, item)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw(item.svg, 48))
    return write_manifest(items, folder, "icons")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, manifest: Path) -> Path:
    folder = tmp_path_factory.mktemp("run")
    make_tiny_clip(folder / "tiny")
    options = [
        "--epochs",
        2,
        "--batch-size",
        16,
        "--lr",
        1e-3,
        "--split",
        "all",
        "--validation",
        manifest,
        "--long-captions",
        "cut",
    ]
    summary = json.loads(
        clipseek("train", manifest, "--out", folder / "run", "--base", folder / "tiny", *options, "--json").stdout
    )
    assert (folder / "run" / "loss.png").stat().st_size > 1000
    assert summary["steps"] == 10
    clipseek("export-onnx", folder / "run" / "best", folder / "bundle")
    return folder / "bundle"


def test_train_export_ingest_search(bundle: Path, manifest: Path, opensearch_url: str, tmp_path: Path) -> None:
    where = ["--index", "test-path", "--url", opensearch_url]
    first = json.loads(clipseek("ingest", manifest, "--model", bundle, "--keyword", "set", *where, "--json").stdout)
    assert first["indexed"] == 80
    second = json.loads(clipseek("ingest", manifest, *where, "--json").stdout)
    assert (second["indexed"], second["unchanged"]) == (0, 80)

    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    wanted = rows[7]
    words = wanted["caption"].partition(":")[0]
    found = json.loads(clipseek("search", words, *where, "--json").stdout)
    assert found["documents"] == 80
    assert any(hit["id"] == wanted["id"] for hit in found["hits"])
    for hit in found["hits"]:
        assert sum(hit["shares"].values()) == pytest.approx(1, abs=1e-6)

    picture = manifest.parent / wanted["image"]
    (same, *_) = json.loads(clipseek("search", "--image", picture, *where, "--json").stdout)["hits"]
    assert same["cosine"] == pytest.approx(1, abs=1e-3)

    sheet = tmp_path / "sheet.html"
    lines = clipseek("search", words, "--image", picture, "--html", sheet, *where, "-k", 3).stdout.splitlines()
    assert len(lines) == 3
    page = sheet.read_text("utf-8")
    assert page.count("data:image/webp;base64,") == 4
    assert "http://" not in page
    assert 'src="http' not in page


def test_another_model_is_refused(bundle: Path, manifest: Path, opensearch_url: str, tmp_path: Path) -> None:
    where = ["--index", "test-other", "--url", opensearch_url]
    clipseek("ingest", manifest, "--model", bundle, *where)
    make_tiny_clip(tmp_path / "other", seed=5)
    clipseek("export-onnx", tmp_path / "other", tmp_path / "bundle")
    refused = clipseek("search", "bell", "--model", tmp_path / "bundle", *where, expect=1)
    assert len(said(refused.stderr)) == 1
    assert "was filled by model" in refused.stderr
    clipseek("ingest", manifest, "--model", tmp_path / "bundle", *where, expect=1)


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "a AND (b OR",
        '{"query": {"match_all": {}}}',
        "caption:*",
        "x" * 100_000,
        "a " * 50_000,
        "\\",
        "line\nline",
        "[]{}^~*?:/",
    ],
)
def test_hostile_words_are_only_searched_for(text: str, bundle: Path, manifest: Path, opensearch_url: str) -> None:
    where = ["--index", "test-hostile", "--url", opensearch_url]
    clipseek("ingest", manifest, "--model", bundle, *where)
    for kind in ("--caption", "--vector", "--hybrid"):
        done = clipseek_stdin(text, kind, *where)
        assert done.returncode == 0, done.stderr[-500:]
        assert "Traceback" not in done.stderr


def clipseek_stdin(text: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "search", "-", *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def test_mistakes_get_one_line(tmp_path: Path, opensearch_url: str, bundle: Path, manifest: Path) -> None:
    where = ["--url", opensearch_url]
    cases: list[tuple[list[object], str]] = [
        (["search", "x", "--index", "test-none", *where], "no index test-none"),
        (["search", "x", "--url", "http://127.0.0.1:9"], "no OpenSearch at"),
        (["search", "--image", tmp_path / "none.png", *where], "cannot be read"),
        (["ingest", tmp_path / "none", "--model", bundle, *where], "is not there"),
        (["ingest", tmp_path, "--model", tmp_path, *where], "is no bundle"),
        (["train", tmp_path / "none.tsv", "--out", tmp_path / "run", "--base", tmp_path], "none.tsv is not there"),
        (["train", manifest, "--out", tmp_path / "run", "--base", tmp_path], "no checkpoint"),
        (["export-onnx", tmp_path, tmp_path / "out"], "checkpoint"),
    ]
    for arguments, expected in cases:
        done = clipseek(*arguments, expect=1)
        assert expected in done.stderr, done.stderr
        # Notes of progress may stand before it; the complaint itself is the last line, and one.
        told = [line for line in done.stderr.splitlines() if line.startswith("clipseek: ")]
        assert told == done.stderr.strip().splitlines()[-1:], done.stderr
