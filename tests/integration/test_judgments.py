"""A day of searches and clicks on a real server becomes judgments that tune and evaluate take, and pairs that training reads."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import opensearchpy
import orjson
import pytest
from click.testing import CliRunner
from clipseek.cli.main import root
from clipseek.evaluation.judgments import caption_key
from clipseek.evaluation.trec import read_qrels
from clipseek.opensearch.errors import IndexMissing
from clipseek.opensearch.index.own_records import FEEDBACK, SEARCHES, delete_older, open_records
from clipseek.opensearch.index.version import Version
from clipseek.relevance.clicks.events import read_searches
from clipseek.relevance.clicks.export import export
from clipseek.relevance.clicks.judging import judge
from clipseek.relevance.evaluate_index import evaluate_index
from clipseek.relevance.labelled_queries import read_topics
from clipseek.relevance.tuning import tune
from clipseek.sources.read import read_records
from clipseek.web.log.indexes import LogIndexes
from clipseek.web.log.records import Searched, feedback_record

from tests.integration.test_search import COLOURS, ENCODER, THINGS, filled

pytestmark = pytest.mark.integration

DOCUMENTS, SEARCHES_OF_A_DAY = 150, 10_000


def right_for(words: str) -> set[str]:
    """The pictures of the words' colour and thing."""
    return {
        f"d{at}"
        for at in range(DOCUMENTS)
        if COLOURS[at % 3] in words.casefold() and THINGS[at % 5] in words.casefold()
    }


@dataclass(frozen=True)
class Day:
    """The index, its logs, and how much was written into them."""

    version: Version
    logs: LogIndexes
    clicks: int


@pytest.fixture(scope="module")
def day(client: opensearchpy.OpenSearch) -> Iterator[Day]:
    """10,000 searches by people who look at rank r with the probability 1 / r, and click nearly only on what is right."""
    version = filled(client, DOCUMENTS, 1)
    name = f"test-day-{uuid.uuid4().hex[:8]}"
    logs = LogIndexes(f"{name}-searches", f"{name}-feedback")
    logs.opened(client)
    rng = random.Random(3)
    said = [f"a {colour} {thing}{place}" for colour in COLOURS for thing in THINGS[:5] for place in ("", " by the sea")]
    shown = {words: rng.sample(sorted(right_for(words)), 8) + rng.sample(range_of(words), 12) for words in said}
    for order in shown.values():
        rng.shuffle(order)
    lines: list[Any] = []
    clicks = 0
    begin = datetime.now(timezone.utc) - timedelta(hours=23)
    for number in range(SEARCHES_OF_A_DAY):
        words = rng.choice(said)
        written = rng.choice((words, words, words.upper(), f"  {words} "))
        at = (begin + timedelta(seconds=8 * number)).isoformat()
        one = Searched(f"s{number}", version.alias, written, "hybrid", ranks(shown[words]))
        lines += [{"index": {"_index": logs.searches, "_id": one.id}}, {**search_of(one, shown[words]), "at": at}]
        for document, rank in one.ranks.items():
            if rng.random() < 1 / rank and rng.random() < (0.6 if document in right_for(words) else 0.02):
                event = {**feedback_record(one, document, "click", float(rank)), "at": at}
                lines += [{"index": {"_index": logs.feedback, "_id": f"{one.id}-{rank}-click"}}, event]
                clicks += 1
    for start in range(0, len(lines), 20_000):
        answer = client.bulk(body=b"".join(orjson.dumps(line) + b"\n" for line in lines[start : start + 20_000]))
        assert not answer["errors"]
    client.indices.refresh(index=",".join(logs.kinds.values()))
    yield Day(version, logs, clicks)
    client.indices.delete(index=",".join([version.index, *logs.kinds.values()]))


def range_of(words: str) -> list[str]:
    return sorted({f"d{at}" for at in range(DOCUMENTS)} - right_for(words))


def ranks(order: list[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(order, 1)}


def search_of(one: Searched, order: list[str]) -> dict[str, Any]:
    """A record like those of the service (tests/integration/web/test_log.py has its own)."""
    return {
        "search": one.id,
        "index": one.index,
        "from": "page",
        "kind": one.kind,
        "words": one.words,
        "pictures": 0,
        "unwanted": 0,
        "filters": 0,
        "sorted": False,
        "page": 1,
        "start": 0,
        "hits": len(order),
        "shown": order,
    }


def test_a_day_becomes_judgments_that_tune_and_evaluate_take(
    client: opensearchpy.OpenSearch, day: Day, tmp_path: Path
) -> None:
    searches = read_searches(client, day.version.alias, searches=day.logs.searches, feedback=day.logs.feedback)
    assert len(searches) == SEARCHES_OF_A_DAY
    assert sum(len(one.clicked) for one in searches) == day.clicks
    judged = judge(searches)
    written = export(client, day.version, judged, tmp_path / "out")
    assert (written.queries, written.gone, written.in_archives) == (30, 0, 0)
    for query in judged:
        assert len(query.right.keys() & right_for(query.words)) == 8  # all that were shown, whatever their rank
        assert not query.negatives.keys() & right_for(query.words)
    stray = sum(len(query.right.keys() - right_for(query.words)) for query in judged)
    assert stray <= 0.05 * written.right
    assert sum(len(query.negatives) for query in judged) > 200
    # Once they are weighed, clicks at any rank say the same of equally good pictures; unweighed, only of the first.
    top = [max(query.right.values(), key=lambda one: one.relevance) for query in judged]
    assert all(0.3 < one.relevance < 1.2 for one in top)

    labelled = read_topics(tmp_path / "out/queries.tsv", read_qrels(tmp_path / "out/judgments.qrels"))
    assert len(labelled) == 30
    assert {caption_key(query.words) for query in labelled} == {caption_key(query.words) for query in judged}
    report = tune(client, day.version, ENCODER, labelled, write=False)
    assert report.queries == 30
    evaluated = evaluate_index(client, day.version, ENCODER, labelled)
    assert (evaluated.queries, evaluated.left_out) == (30, 0)


def test_the_pairs_are_a_manifest_and_the_hard_negatives_have_the_same_form(
    client: opensearchpy.OpenSearch, day: Day, tmp_path: Path
) -> None:
    searches = read_searches(client, day.version.alias, searches=day.logs.searches, feedback=day.logs.feedback)
    written = export(client, day.version, judge(searches), tmp_path)
    records = list(read_records(tmp_path / "positives.jsonl"))
    assert {str(record.image) for record in records} <= {f"/pictures/d{at}.png" for at in range(DOCUMENTS)}
    pairs = {(record.id, caption) for record in records for caption in record.captions}
    assert len(pairs) == written.pairs
    assert sum(name in right_for(caption) for name, caption in pairs) == 240
    rows = [json.loads(line) for line in (tmp_path / "negatives.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == written.negatives
    for row in rows:
        assert row.keys() == {"id", "image", "caption", "query", "why", "count"}
        assert row["id"] not in right_for(row["caption"])


def test_only_searches_since_a_day(client: opensearchpy.OpenSearch, day: Day) -> None:
    half = datetime.now(timezone.utc) - timedelta(hours=12)
    some = read_searches(client, day.version.alias, since=half, searches=day.logs.searches, feedback=day.logs.feedback)
    assert 0.4 * SEARCHES_OF_A_DAY < len(some) < 0.6 * SEARCHES_OF_A_DAY


def test_another_indexs_searches_are_not_these_ones(client: opensearchpy.OpenSearch, day: Day) -> None:
    assert not read_searches(client, "other", searches=day.logs.searches, feedback=day.logs.feedback)


def test_without_a_log_one_line_says_how_to_make_one(client: opensearchpy.OpenSearch, day: Day) -> None:
    with pytest.raises(IndexMissing, match="--log-searches DAYS"):
        read_searches(client, day.version.alias, searches=f"{day.logs.searches}-none")


@pytest.fixture
def logged(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    """An index of whose searches a few are in the server's own log; only these are taken away again."""
    version = filled(client, 30, 1)
    for name in (SEARCHES, FEEDBACK):
        open_records(client, name)
    order = ["d3", "d0", "d15", "d4"]
    for number in range(3):
        one = Searched(f"{version.alias}-{number}", version.alias, "a red car", "hybrid", ranks(order))
        body = {**search_of(one, order), "at": "2026-01-01T00:00:00Z" if number == 0 else datetime.now(timezone.utc)}
        client.index(index=SEARCHES, id=one.id, body=body)
        client.index(index=FEEDBACK, body=feedback_record(one, "d15", "click", 3.0))
    client.indices.refresh(index=f"{SEARCHES},{FEEDBACK}")
    yield version
    mine = {"query": {"term": {"index": version.alias}}}
    for name in (SEARCHES, FEEDBACK):
        client.delete_by_query(index=name, body=mine, params={"refresh": "true"})
    client.indices.delete(index=version.index)


def test_the_command(logged: Version, opensearch_url: str, tmp_path: Path) -> None:
    where = ["--index", logged.alias, "--url", opensearch_url]
    run = CliRunner().invoke
    done = run(root, ["judgments", "export", str(tmp_path / "out"), *where, "--json"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert facts == {"searches": 3, "queries": 1, "right": 1, "pairs": 1, "negatives": 2, "gone": 0, "in_archives": 0}
    assert "clipseek tune" in done.stderr
    assert (tmp_path / "out/queries.tsv").read_text("utf-8") == "q1\ta red car\n"
    assert (tmp_path / "out/judgments.qrels").read_text("utf-8") == "q1 0 d0 0\nq1 0 d3 0\nq1 0 d15 3\n"
    fewer = ["--since", "2026-06-01", "--min-clicks", "3"]
    few = run(root, ["judgments", "export", str(tmp_path / "few"), *where, *fewer])
    assert few.exit_code == 1
    assert "2 logged searches" in few.stderr
    assert "lower --min-clicks" in few.stderr
    assert not (tmp_path / "few").exists()


def test_after_its_days_a_day_is_gone(client: opensearchpy.OpenSearch, day: Day) -> None:
    """Last, for it takes a part of the day away."""
    client.update_by_query(
        index=day.logs.searches,
        body={
            "query": {"range": {"at": {"lt": "now-12h"}}},
            "script": {"source": "ctx._source.at = '2020-01-01T00:00:00Z'"},
        },
        params={"refresh": "true"},
    )
    gone = delete_older(client, day.logs.searches, 30, [day.version.alias])
    left = read_searches(client, day.version.alias, searches=day.logs.searches, feedback=day.logs.feedback)
    assert gone > 4000
    assert len(left) == SEARCHES_OF_A_DAY - gone
