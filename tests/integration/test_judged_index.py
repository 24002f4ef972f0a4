"""``clipseek index evaluate``, ``tune`` and ``calibrate`` by the command itself, on drawn squares and a tiny CLIP."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="a tiny CLIP is exported")

from tests.command import run_command, said
from tests.models import make_tiny_bundle, make_tiny_clip
from tests.pairs import write_squares

pytestmark = [pytest.mark.integration, pytest.mark.train]


def clipseek(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_command(*map(str, arguments))
    assert done.returncode == expect, f"{arguments}: {done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def read_rows(pairs: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(pairs.read_text("utf-8").splitlines(), delimiter="\t"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("squares")
    lines = ["id\timage\tcaption\tgroup"]
    for record in write_squares(folder / "pictures", copies=5):
        lines.append(f"{record.image.stem}\tpictures/{record.image.name}\t{record.caption}\t{record.group}")
    (folder / "pairs.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder / "pairs.tsv"


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory, pairs: Path, opensearch_url: str) -> Iterator[list[object]]:
    """The index of the squares, as options."""
    folder = tmp_path_factory.mktemp("model")
    make_tiny_clip(folder / "tiny")
    make_tiny_bundle(folder / "tiny", folder / "bundle")
    options: list[object] = ["--index", "test-judged", "--url", opensearch_url]
    clipseek("ingest", pairs, "--model", folder / "bundle", *options)
    yield options
    clipseek("index", "delete", "test-judged", "--yes", "--url", opensearch_url)


def test_evaluate_writes_runs_that_ranx_scores_the_same(where: list[object], pairs: Path, tmp_path: Path) -> None:
    from ranx import Qrels, Run, evaluate

    runs = tmp_path / "runs"
    done = clipseek("index", "evaluate", pairs, *where, "--others", "--runs", runs, "--json")
    report = json.loads(done.stdout)
    assert report["queries"] == 120
    modes = {row["mode"]: row for row in report["modes"]}
    wanted = ["caption", "vector", "hybrid, min_max", "hybrid, l2", "hybrid, rrf", "picture", "picture and words"]
    assert [name for name in modes if name not in ("hybrid, tuned", "hybrid, z_score")] == wanted
    for name, mode in modes.items():
        qrels = Qrels.from_file(
            str(runs / ("picture.qrels" if name.startswith("picture") else "words.qrels")), kind="trec"
        )
        run = Run.from_file(str(runs / f"{name.replace(', ', '-').replace(' ', '-')}.run"), kind="trec")
        theirs = evaluate(qrels, run, ["mrr@10", "hit_rate@5", "ndcg@20"], make_comparable=True)
        ours = [mode["figures"][figure] for figure in ("MRR@10", "R@5", "nDCG@20")]
        assert ours == pytest.approx([theirs[figure] for figure in ("mrr@10", "hit_rate@5", "ndcg@20")], abs=1e-9), name
        low, high = mode["intervals"]["MRR@10"]
        assert low <= mode["figures"]["MRR@10"] <= high
        assert 0 < mode["milliseconds"]["p50"] <= mode["milliseconds"]["p99"]
    # Of 120 captions 20 name the colour, 24 the shade and 30 the place: the rarer words bring the three of equal colour and shade
    # before those of equal colour and place, which are right.
    assert modes["caption"]["figures"]["MRR@10"] == 0.25


def test_evaluate_compares_complete_hybrids_with_two_lists(where: list[object], pairs: Path, tmp_path: Path) -> None:
    done = clipseek("index", "evaluate", pairs, *where, "--others", "--no-complete", "--runs", tmp_path, "--json")
    report = json.loads(done.stdout)
    modes = {row["mode"]: row for row in report["modes"]}
    gains = {row["mode"]: row for row in report["complete_gains"]}
    assert {"hybrid, min_max", "hybrid, l2", "hybrid, rrf", "picture and words"} <= gains.keys()
    for name, row in gains.items():
        both = [modes[each]["figures"]["MRR@10"] for each in (name, f"{name}, not complete")]
        assert row["gain"] == pytest.approx(both[0] - both[1])
        assert row["interval"][0] <= row["gain"] <= row["interval"][1]
        assert f"complete gains {row['gain']:+.3f} MRR@10 (95 %: {row['interval'][0]:+.3f}" in done.stderr
    # Its hits and their scores are those that clipseek search answers, both ways.
    rows = read_rows(pairs)[:4]
    for name, option in (("hybrid-min_max", "--complete"), ("hybrid-min_max-not-complete", "--no-complete")):
        lines = [line.split() for line in (tmp_path / f"{name}.run").read_text().splitlines()]
        for row in rows:
            scores = [float(line[4]) for line in lines if line[0] == row["id"]]
            search = ["search", row["caption"], option, "--fusion", "min_max", "--filter", f"image_id!={row['id']}"]
            found = json.loads(clipseek(*search, "-k", 20, *where, "--json").stdout)
            assert scores == pytest.approx([hit["score"] for hit in found["hits"]], abs=1e-5)
            assert found["complete"] is (option == "--complete")


def test_evaluate_takes_trec_judgments(where: list[object], tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("t1\tred left\nt2\tgreen top\nt3\tblue\n")
    (tmp_path / "a.qrels").write_text("t1 0 red-left-0 2\nt2 0 green-top-1 1\nt3 0 not-there 1\n")
    done = clipseek("index", "evaluate", tmp_path / "topics.tsv", "--qrels", tmp_path / "a.qrels", *where, "--json")
    report = json.loads(done.stdout)
    assert report["queries"] == 2
    assert "1 query without a right answer in the index left out" in done.stderr
    assert "no searches by a picture" in done.stderr
    caption = next(row for row in report["modes"] if row["mode"] == "caption")
    assert caption["figures"]["R@20"] == 1
    both = clipseek("tune", tmp_path / "topics.tsv", "--qrels", tmp_path / "a.qrels", "--others", *where, expect=2)
    assert "--others is for a manifest" in both.stderr
    (tmp_path / "a.qrels").write_text("t1 0 not-there 1\n")
    refused = clipseek("index", "evaluate", tmp_path / "topics.tsv", "--qrels", tmp_path / "a.qrels", *where, expect=1)
    assert "give judgments whose ids are in it" in refused.stderr.splitlines()[-1]


def test_tune_takes_trec_judgments(where: list[object], pairs: Path, tmp_path: Path) -> None:
    queries, qrels = tmp_path / "queries.tsv", tmp_path / "judgments.qrels"
    rows = read_rows(pairs)
    queries.write_text("".join(f"q{number}\t{row['caption']}\n" for number, row in enumerate(rows)), "utf-8")
    qrels.write_text("".join(f"q{number} 0 {row['id']} 2\n" for number, row in enumerate(rows)), "utf-8")
    tried = json.loads(clipseek("tune", queries, "--qrels", qrels, *where, "--dry-run", "--json").stdout)
    assert tried["queries"] == len(rows)


def test_tune_reports_and_keeps_the_best(where: list[object], pairs: Path) -> None:
    tried = json.loads(clipseek("tune", pairs, *where, "--others", "--dry-run", "--json").stdout)
    assert tried["written"] is False
    figures = {row["setting"]: row["MRR@10"] for row in tried["report"]}
    assert figures["caption alone"] == 0.25
    assert tried["hnsw_recall@10"] == 1
    ways = tried["ways"]
    assert ways["gain"] == pytest.approx(ways["complete"] - ways["not_complete"])
    assert ways["gain_interval"][0] <= ways["gain"] <= ways["gain_interval"][1]
    assert tried["best"]["complete"] is (ways["gain_interval"][1] >= 0)
    assert {"any of the words", "all of the words as they are written", "depth 25"} <= tried["by_option"].keys()
    wider = clipseek("tune", pairs, *where, "--others", "--dry-run", "--json", "--ef-search", 150, "--queries", 30)
    assert {"ef_search usual", "ef_search 150"} <= json.loads(wider.stdout)["by_option"].keys()
    assert "no other ef_search is a certain gain: not kept" in wider.stderr
    kept = json.loads(clipseek("tune", pairs, *where, "--others", "--json").stdout)
    assert (kept["best"], kept["written"]) == (tried["best"], True)
    found = json.loads(clipseek("search", "red square", *where, "--json").stdout)
    assert found["complete"] is kept["best"]["complete"]
    report = json.loads(clipseek("index", "evaluate", pairs, *where, "--others", "--json").stdout)
    tuned = next(row for row in report["modes"] if row["mode"] == "hybrid, tuned")
    # What was computed from the clauses' candidates is what the server gives.
    assert tuned["figures"]["MRR@10"] == pytest.approx(figures["tuned, cross-validated"], abs=0.05)
    assert tuned["queries"] == tried["queries"] == 120


def test_too_few_queries_are_one_line(where: list[object], pairs: Path, tmp_path: Path) -> None:
    few = pairs.parent / "few.tsv"
    few.write_text("\n".join(pairs.read_text().splitlines()[:5]) + "\n")
    refused = clipseek("tune", few, *where, expect=1)
    assert len(said(refused.stderr)) == 1
    assert "give at least 20" in refused.stderr


def test_calibrate_keeps_a_cut_that_search_uses(where: list[object], pairs: Path, tmp_path: Path) -> None:
    background = tmp_path / "background.txt"
    background.write_text("\n".join(f"{a} {b} {c}" for a in "abcdef" for b in "ghijkl" for c in "mnopqr") + "\n")
    missing = clipseek("search", "red", "--min-relevance", "auto", *where, expect=1)
    assert "clipseek calibrate HELD-OUT --index test-judged" in missing.stderr
    done = clipseek("calibrate", pairs, "--background", background, "--rate", "0.1", *where, "--json")
    report = json.loads(done.stdout)["cut"]
    assert report["background"] == 216
    assert report["pictures"] == report["pairs"] == 120
    assert report["unseen_interval"][0] <= 0.1 <= report["unseen_interval"][1]
    # The background's own best hits reach the stored cut as often as was asked for.
    reached = 0
    for words in background.read_text().splitlines()[::24]:
        found = json.loads(clipseek("search", words, "--min-relevance", "auto", *where, "--json").stdout)
        assert found["min_cosine"] == pytest.approx(report["cosine"])
        assert [hit["relevant"] for hit in found["hits"]] == [
            hit["cosine"] >= report["cosine"] for hit in found["hits"]
        ]
        reached += any(hit["relevant"] for hit in found["hits"])
    assert reached <= 5  # of 9, at a rate of 0.1: more has a probability below 0.0001
    # What it says of hybrids is what searches show: every hit of a complete one has a cosine, whichever clause brought it.
    hybrids = json.loads(done.stdout)["hybrids"]
    assert hybrids["complete"] is True
    assert (hybrids["background"], hybrids["pairs"]) == (200, 120)
    assert hybrids["reached"] <= hybrids["reached_interval"][1] <= 1
    rows, kept = read_rows(pairs), 0
    for row in rows[:: len(rows) // 10]:
        found = json.loads(clipseek("search", row["caption"], "--min-relevance", "auto", *where, "--json").stdout)
        assert all(hit["cosine"] is not None for hit in found["hits"])
        kept += any(
            hit["relevant"] and hit["id"].rpartition("-")[0] == row["id"].rpartition("-")[0] for hit in found["hits"]
        )
    assert kept / 10 == pytest.approx(hybrids["kept"], abs=0.35)
    by_picture = ["--like", "red-left-0", *where]
    assert "for searches by words alone" in clipseek("search", *by_picture, "--min-relevance", "auto", expect=1).stderr
    # No other picture is all the way there: every hit is of the tail, and a pipe gets none.
    none = clipseek("search", "red", "--min-relevance", "1", *where)
    assert none.stdout == ""
    assert "no good match: no hit reaches the cut-off, cosine 1.000" in none.stderr
    hidden = json.loads(clipseek("calibrate", pairs, "--dry-run", *where, "--json").stdout)
    assert (hidden["written"], hidden["cut"]["hidden"]) == (False, True)
    assert (
        json.loads(clipseek("search", "red", "--min-relevance", "auto", *where, "--json").stdout)["min_cosine"]
        == report["cosine"]
    )
