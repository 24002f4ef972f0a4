"""Named search pipelines on a real server: kept, read, searched with, an index's default, and taken away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import opensearchpy
import pytest
from click.testing import CliRunner
from clipseek.cli.pipelines import pipelines
from clipseek.opensearch.errors import InvalidOption
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.pipelines.stored_pipelines import (
    delete_pipeline,
    get_pipeline,
    list_pipelines,
    make_default,
    put_pipeline,
    used_by,
)
from clipseek.opensearch.query.fusion import Fusion, pipeline
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.searcher import Searcher

from tests.integration.test_search import ENCODER, filled
from tests.plans import values

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def version(client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 300, 1)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture
def name(client: opensearchpy.OpenSearch) -> Iterator[str]:
    chosen = f"test-{uuid.uuid4().hex[:8]}"
    yield chosen
    if chosen in {one.name for one in list_pipelines(client)}:
        client.transport.perform_request("DELETE", f"/_search/pipeline/{chosen}")


@pytest.mark.parametrize(
    ("fusion", "mean", "weight"), [("l2", "geometric", 0.3), ("min_max", "arithmetic", 0.8), ("rrf", "arithmetic", 0.5)]
)
def test_a_search_by_name_is_the_search_by_its_options(
    client: opensearchpy.OpenSearch, version: Version, name: str, fusion: str, mean: str, weight: float
) -> None:
    put_pipeline(client, name, pipeline(fusion, (1 - weight, weight), mean=mean))  # type: ignore[arg-type]
    searcher = Searcher(client, version, ENCODER)
    own = searcher.search(*values("green boat", technique=fusion, mean=mean, weight=weight, size=50))
    by_name = searcher.search(*values("green boat", pipeline=name, size=50))
    assert by_name.hits == own.hits
    assert all(hit.shares for hit in by_name.hits)
    assert by_name.terms(by_name.hits[0]) == own.terms(own.hits[0])


def test_another_pipeline_of_the_name_is_replaced_only_when_asked(client: opensearchpy.OpenSearch, name: str) -> None:
    put_pipeline(client, name, pipeline("l2"))
    put_pipeline(client, name, pipeline("l2"))  # the same again changes nothing
    with pytest.raises(InvalidOption, match="another search pipeline"):
        put_pipeline(client, name, pipeline("min_max"))
    assert get_pipeline(client, name).fusion == Fusion("l2", weights=(0.5, 0.5))
    put_pipeline(client, name, pipeline("min_max"), overwrite=True)
    assert get_pipeline(client, name).fusion == Fusion(weights=(0.5, 0.5))


def test_what_cannot_join_a_hybrids_scores_is_refused_before_the_search(
    client: opensearchpy.OpenSearch, version: Version, name: str
) -> None:
    searcher = Searcher(client, version, ENCODER)
    with pytest.raises(InvalidOption, match="no search pipeline"):
        searcher.search(*values("green boat", pipeline=name))
    put_pipeline(client, name, pipeline("l2", (1, 1, 1)))
    with pytest.raises(InvalidOption, match="has weights for 3 clauses"):
        searcher.search(*values("green boat", pipeline=name))
    put_pipeline(client, name, {"response_processors": [{"hybrid_score_explanation": {}}]}, overwrite=True)
    with pytest.raises(InvalidOption, match="has response_processors"):
        searcher.search(*values("green boat", pipeline=name))


def test_the_default_of_an_index_is_for_hybrids_and_holds_its_pipeline(
    client: opensearchpy.OpenSearch, version: Version, name: str
) -> None:
    put_pipeline(client, name, pipeline("l2", (0.9, 0.1)))
    make_default(client, version, name)
    assert versions.current(client, version.alias).search == {"complete": True, "pipeline": name}
    versions.write_meta(client, version, "search", {"fusion": "rrf", "match": "all"})
    make_default(client, versions.current(client, version.alias), name)
    chosen = versions.current(client, version.alias)
    assert chosen.search == {"fusion": "rrf", "match": "all", "pipeline": name}
    searcher = Searcher(client, chosen, ENCODER)
    hits = searcher.search(Query("green boat")).hits
    # What was tuned before there were complete hybrids goes on without them, by a pipeline too.
    two_lists = values("green boat", match="all", technique="l2", weight=0.1, complete=False)
    assert hits == searcher.search(*two_lists).hits
    alone = Query("green boat", kind="caption")
    assert searcher.search(alone).hits == Searcher(client, version, ENCODER).search(alone).hits
    assert used_by(client, name) == [version.alias]
    with pytest.raises(InvalidOption, match=f"is the default of {version.alias}"):
        delete_pipeline(client, name)
    client.transport.perform_request("DELETE", f"/_search/pipeline/{name}")  # by somebody else
    with pytest.raises(
        InvalidOption, match=f"clear the default: clipseek pipelines default --clear --index {version.alias}"
    ):
        searcher.search(Query("green boat"))
    assert searcher.search(alone).hits
    put_pipeline(client, name, pipeline("l2"))
    make_default(client, chosen, None)
    assert versions.current(client, version.alias).search == {"fusion": "rrf", "match": "all"}
    delete_pipeline(client, name)
    with pytest.raises(InvalidOption, match="no search pipeline"):
        delete_pipeline(client, name)


def test_the_command(client: opensearchpy.OpenSearch, version: Version, name: str, opensearch_url: str) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(pipelines, [*arguments, "--url", opensearch_url], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert name in run("put", name, "--fusion", "l2", "--weight", "0.25")
    assert '"l2"' in run("show", name)
    assert f"search pipeline {name}" in run("default", name, "--index", version.alias)
    (row,) = [line.split() for line in run("list").splitlines() if line.startswith(name)]
    assert row == [name, "l2", "arithmetic", "0.75,", "0.25", version.alias]
    assert "no search pipeline" in run("default", "--clear", "--index", version.alias)
    assert name in run("delete", name, "--yes")
    assert name not in run("list", "--json")
    if tuple(map(int, client.info()["version"]["number"].split(".")[:2])) < (3, 0):
        with pytest.raises(InvalidOption, match=r"z_score needs OpenSearch 3\.0"):
            run("put", name, "--fusion", "z_score")
