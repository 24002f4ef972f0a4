"""``clipseek search`` as it is typed, where no model is needed: captions, and pictures of the index by their ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import opensearchpy
import pytest
from click.testing import CliRunner, Result
from clipseek.cli.search import search
from clipseek.opensearch import Page, Searcher
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline, put_pipeline
from clipseek.opensearch.query.fusion import pipeline

from tests.integration.test_search import filled

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def version(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 100, 1)
    yield made
    client.indices.delete(index=made.index)


def run(version: Version, url: str, *arguments: str) -> Result:
    given = [*arguments, "--index", version.alias, "--url", url]
    return CliRunner().invoke(search, given, catch_exceptions=False)


def test_explain_sums_up_to_every_score(version: Version, opensearch_url: str) -> None:
    likes = ("--like", "d1", "--like", "d2@3", "--clauses", "--explain")
    done = run(version, opensearch_url, *likes, "-k", "3")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert [line.split()[0] for line in lines[1:5]] == ["clause", "like", "like", "0.250"]
    assert lines[4].rsplit(" = ")[1] == lines[0].split("\t")[0]
    assert "cosine" in lines[2]
    rows = json.loads(run(version, opensearch_url, *likes, "--json").stdout)["hits"]
    for row in rows:
        assert sum(term["added"] for term in row["terms"]) == pytest.approx(row["score"], abs=1e-5)
        assert [term["weight"] for term in row["terms"]] == [0.25, 0.75]


def test_json_says_over_how_many_candidates_each_clause_was_normalised(version: Version, opensearch_url: str) -> None:
    likes = ("--like", "d1", "--like", "d2@3", "--clauses", "--depth", "20", "--json")
    said = json.loads(run(version, opensearch_url, *likes).stdout)
    assert (said["complete"], said["union"]) == (True, said["reachable"])
    assert 20 < said["union"] <= 40
    for name in ("like 1", "like 2"):
        figures = said["clauses"][name]
        assert figures["candidates"] == 20
        assert figures["max"] == pytest.approx(max(hit["raw"][name] for hit in said["hits"]), abs=0.2)
        assert figures["min"] < figures["max"]
    two_lists = run(version, opensearch_url, *likes, "--no-complete")
    said = json.loads(two_lists.stdout)
    assert (said["complete"], said["union"], said["clauses"]) == (False, None, {})
    assert not any(hit["shares"] for hit in said["hits"])
    explained = run(version, opensearch_url, *likes[:-1], "--no-complete", "--explain")
    assert "its sum is not known: leave --no-complete out to see it" in explained.stdout
    assert " of " not in explained.stderr.split(",")[0]


def test_sort_and_the_last_page(version: Version, opensearch_url: str) -> None:
    sorted_by = ("boat", "--caption", "--sort", "weight:desc", "--filter", "colour=red,blue")
    first = run(version, opensearch_url, *sorted_by, "-k", "8")
    ids = [line.split("\t")[1] for line in first.stdout.splitlines()]
    assert ids == sorted(ids, key=lambda name: -int(name[1:]))
    assert "by weight:desc, of the" in first.stderr
    total = json.loads(run(version, opensearch_url, *sorted_by, "--json").stdout)["reachable"]
    last = run(version, opensearch_url, *sorted_by, "--from", str(total - 1))
    assert f"hits {total}-{total} of {total}, the last" in last.stderr
    assert f"there are {total}" in run(version, opensearch_url, *sorted_by, "--from", str(total)).stderr


def test_texts_with_weights(version: Version, opensearch_url: str) -> None:
    texts = ("--text", "boat", "--text", "tree@3", "--caption", "-k", "5")
    assert all("tree" in line for line in run(version, opensearch_url, *texts).stdout.splitlines())


def test_a_pipeline_by_name(client: opensearchpy.OpenSearch, version: Version, opensearch_url: str) -> None:
    put_pipeline(client, "test-command", pipeline("l2", (0.25, 0.75)), overwrite=True)
    likes = ("--like", "d1", "--like", "d2", "--clauses")
    try:
        named = run(version, opensearch_url, *likes, "--pipeline", "test-command")
        own = run(version, opensearch_url, "--like", "d1", "--like", "d2@3", "--clauses", "--fusion", "l2")
        assert named.stdout == own.stdout != ""
        both = run(version, opensearch_url, *likes, "--pipeline", "test-command", "--fusion", "l2")
        assert both.exit_code == 2
        assert "--pipeline says how scores are fused; leave --fusion out" in both.stderr
        with pytest.raises(InvalidOption, match="nothing to join; leave --pipeline out"):
            run(version, opensearch_url, "boat", "--caption", "--pipeline", "test-command")
    finally:
        delete_pipeline(client, "test-command")


def test_filters_alone_list_the_index_as_the_api_does(
    version: Version, opensearch_url: str, client: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    searcher, filters = Searcher(client, version), ("colour=red", "weight<50")
    for sort in (None, "weight:asc"):
        listed = searcher.browse(Page(3, 2, sort=sort), filters=filters)
        options = [*(value for one in filters for value in ("--filter", one)), *(("--sort", sort) if sort else ())]
        done = run(version, opensearch_url, *options, "-k", "3", "--from", "2", "--facet", "colour")
        assert [line.split("\t")[:2] for line in done.stdout.splitlines()] == [["", hit.id] for hit in listed.hits]
        order = f"by {sort}" if sort else "the newest first"
        assert f"pictures 3-5 of {listed.matched}, {order}, {listed.documents} pictures" in done.stderr
        assert f"colour, counted over the {listed.matched} pictures: red {listed.matched}" in done.stderr
        said = json.loads(run(version, opensearch_url, *options, "-k", "3", "--from", "2", "--json").stdout)
        assert [hit["id"] for hit in said["hits"]] == [hit.id for hit in listed.hits]
        assert {hit["score"] for hit in said["hits"]} == {None}
        assert (said["matched"], said["from"]) == (listed.matched, 2)
    some = run(version, opensearch_url, "--any", "colour=red", "--any", "colour=blue", "--json")
    assert json.loads(some.stdout)["matched"] == searcher.browse(any_filters=("colour=red", "colour=blue")).matched
    sheet = tmp_path / "sheet.html"
    run(version, opensearch_url, "--filter", "colour=red", "--html", str(sheet))
    assert "colour=red" in sheet.read_text()
    assert "nothing found" in run(version, opensearch_url, "", "--filter", "colour=none").stderr


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("--filter", "colour=red", "--caption"), "--caption needs something to search for"),
        (("--facet", "colour", "--explain"), "--explain needs something to search for"),
        (("--sort", "weight", "--weight", "0.3"), "--weight needs something to search for"),
    ],
)
def test_what_only_a_search_has_is_refused_without_one(
    version: Version, opensearch_url: str, given: tuple[str, ...], why: str
) -> None:
    done = run(version, opensearch_url, *given)
    assert done.exit_code == 2
    assert why in done.stderr


def test_nothing_at_all_is_refused(version: Version, opensearch_url: str) -> None:
    with pytest.raises(InvalidOption, match="nothing to search for"):
        run(version, opensearch_url, "--time-zone", "Europe/Berlin")
    with pytest.raises(InvalidOption, match="place"):
        run(version, opensearch_url, "--near", "52.5,13.4,5km")
