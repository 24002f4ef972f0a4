"""What tune, calibrate, index evaluate, index check and index advise print of their reports: as tables and sentences."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from clipseek.cli import calibrate, index, index_advise, index_evaluate, tune
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.relevance import advise as trials
from clipseek.relevance.advise import MeasuredGraph

from tests.unit.relevance.fake_index import VERSION, Encoder, FakeIndex, unit


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    """An index of 200 pictures whose captions are in one picture each, behind every command."""
    fake = FakeIndex({f"d{i}": f"word{i}" for i in range(200)}, {f"d{i}": unit(1000 + i) for i in range(200)})
    for module in (calibrate, index, index_advise, index_evaluate, tune):
        monkeypatch.setattr(module, "open_index", lambda name, url, timeout=0.0: (fake, VERSION))
    for module in (calibrate, index_evaluate, tune):
        monkeypatch.setattr(module, "encoder_of_index", lambda model, version: Encoder())
    return fake


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    rows = [f"d{i}\td{i}.png\tword{i}\tg{i}" for i in range(120)]
    (tmp_path / "pairs.tsv").write_text("\n".join(["id\timage\tcaption\tgroup", *rows]) + "\n")
    return str(tmp_path / "pairs.tsv")


def run(command: Any, *arguments: str) -> tuple[list[str], list[str]]:
    """The lines of stdout and of stderr."""
    done = CliRunner().invoke(command, [*arguments])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_tune(there: FakeIndex, pairs: str) -> None:
    table, notes = run(tune.tune, pairs, "--queries", "40", "--dry-run")
    assert table[0].split() == ["setting", "MRR@10", "95", "%", "gain", "of", "tuned", "95", "%", "of", "the", "gain"]
    names = [line.split("  ")[0] for line in table[1:7]]
    assert names[:4] == ["caption alone", "vector alone", "plain sum of raw scores", "rrf"]
    assert table[6].split() == ["tuned,", "cross-validated", "1.000", "1.000-1.000"]
    assert table[7].split() == ["with", "the", "best", "fusion", "MRR@10"]
    assert "HNSW recall@10 against exact search: 1.000: no other ef_search tried" in notes
    ways = "complete: MRR@10 1.000, not complete: 1.000; +0.000 (95 %: +0.000 to +0.000), no certain difference: complete stays"
    assert ways in notes
    assert "that is no certain gain over caption alone: the interval of the difference holds 0" in notes
    assert any(
        line.startswith("the captions in the index contain the words of the queries; use --others") for line in notes
    )
    assert not any("now uses it" in line for line in notes)
    _, notes = run(tune.tune, pairs, "--queries", "40")
    assert notes[-1] == "clipseek search --index clipseek now uses it, unless its own options say otherwise"
    assert there.meta["search"]["fusion"]
    assert there.meta["search"]["complete"] is True


def test_calibrate(there: FakeIndex, pairs: str) -> None:
    table, notes = run(calibrate.calibrate, pairs, "--rate", "0.2")
    assert table[0].split()[:3] == ["rate", "cosine", "unseen"]
    assert table[1].split()[0] == "20.0%"
    assert notes[0] == "searching with up to 120 held-out queries and 120 of background"
    assert notes[1].startswith(f"cut-off: cosine {there.meta['calibration']['cosine']:.4f}. ")
    assert any(line.startswith("in complete hybrids, among the first ten hits: ") for line in notes)
    assert "120 background queries give a rough rate; give 1,000 or more" in notes
    assert notes[-1] == "clipseek search WORDS --index clipseek --min-relevance auto now uses it"


def test_index_evaluate(there: FakeIndex, pairs: str) -> None:
    table, notes = run(index_evaluate.evaluate, pairs)
    assert table[0].split() == [
        *("search", "queries", "MRR@10", "95", "%", "R@1", "R@10", "nDCG@10"),
        *("p50", "ms", "p95", "ms", "p99", "ms"),
    ]
    assert table[1].split()[:4] == ["caption", "120", "1.000", "1.000-1.000"]
    assert notes[-1] == "no searches by a picture: no query has another picture of its group in the index"
    assert notes[-2].startswith("encoding a query's words takes ")


def test_index_evaluate_both_ways(there: FakeIndex, pairs: str) -> None:
    table, notes = run(index_evaluate.evaluate, pairs, "--no-complete")
    assert [line.split("  ")[0] for line in table[3:7]] == [
        *("hybrid, min_max", "hybrid, min_max, not complete", "hybrid, l2", "hybrid, l2, not complete"),
    ]
    assert "complete gains +0.000 MRR@10 (95 %: +0.000 to +0.000) in hybrid, min_max" in notes


def test_index_check(there: FakeIndex) -> None:
    table, notes = run(index.index, "check", "--queries", "10")
    assert table[1].split() == ["all", "pictures", "HNSW", "recall@10", "1.0000", "1.0000-1.0000"]
    assert notes == ["searching with 10 pictures, all and filtered", "HNSW search finds what is nearest; nothing to do"]
    rows = json.loads("\n".join(run(index.index, "check", "--queries", "10", "--json")[0]))
    assert rows[0] == {"pictures": "all pictures", "k": 10, "recall": 1.0, "low": 1.0, "high": 1.0}


def test_index_advise(there: FakeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    good = MeasuredGraph(IndexOptions(m=8, ef_construction=64), (1.0, 0.99), 1.7, 500.0, 300.0, 1.0)
    graphs = {8: good, 16: replace(good, options=IndexOptions(), memory=400.0), 32: None}
    monkeypatch.setattr(trials, "variants", lambda client: [IndexOptions(m=m) for m in graphs])
    monkeypatch.setattr(trials, "measure", lambda client, options, *given, **named: graphs[options.m])
    table, notes = run(index.index, "advise")
    assert table[0].split()[:6] == ["engine", "m", "ef", "size", "recall@10", "recall@100"]
    assert table[1].split() == ["lucene", "8", "64", "1x", "1.0000", "0.9900", "1.7", "0.1", "0.1", "1.0", "chosen"]
    assert json.loads("\n".join(table[3:]))["method"]["parameters"]["m"] == 8
    assert notes[0] == "lucene 8,128,1x: HNSW recall@10 1.0000, built in 1 s"
    assert notes[2] == "lucene 32,128,1x: the server does not take it"
    assert notes[-1].endswith("clipseek ingest SOURCE --index NEW --engine lucene --preset 8,64,1x")


@pytest.mark.parametrize(("gain", "said"), [(-0.01, True), (0.01, False)])
def test_captions_alone_that_found_more_are_named(gain: float, said: bool) -> None:
    from clipseek.cli.terminal.tuning_report import conclusions
    from clipseek.relevance.tuning import TuningReport
    from clipseek.relevance.tuning_decision import TUNED, Comparison, Ways

    from tests.unit.relevance.test_tuning_decision import SETTINGS

    rows = [
        Comparison("caption alone", 0.8, (0.7, 0.9), gain, (gain - 0.05, gain + 0.05)),
        *(Comparison(name, 0.8 + gain, (0.7, 0.9), 0.0, (-0.1, 0.1)) for name in ("words and depth tuned too", TUNED)),
    ]
    report = TuningReport(
        40, SETTINGS[0], False, 2, 9, tuple(rows), Ways(0.8, 0.8, 0.0, (0.0, 0.0)), {}, 1.0, (), False
    )
    lines = list(conclusions(report, "icons", others=True))
    assert any(line.startswith("caption alone found more here (0.800)") for line in lines) is said
