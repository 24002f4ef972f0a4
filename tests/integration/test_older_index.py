"""An index that clipseek made at commit e1a8ac9, on a real server: searched, and filled further, by today's code."""

from __future__ import annotations

import json
import shlex
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clipseek.cli.ingest as command
import opensearchpy
import pytest
from click.testing import CliRunner, Result
from clipseek.cli.index import index as index_commands
from clipseek.cli.search import search
from clipseek.encoder import Crop
from clipseek.opensearch import Fusion, Page, Query, QueryPicture, Searcher
from clipseek.opensearch.errors import ModelMismatch
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.ingest.report import IngestReport
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.pipelines.stored_pipelines import delete_pipeline, make_default, put_pipeline
from clipseek.opensearch.query.fusion import pipeline
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.relevance.tuning import tune
from clipseek.sources import read_source
from clipseek.testing import ColourEncoder

from tests.older_index import ASKED, COLOURS, NUMBER, answers, picture_file, restore, row, write_source
from tests.plans import values

pytestmark = pytest.mark.integration
IDS = [f"p{number}" for number in range(NUMBER)]
RED = {f"p{number}" for number in range(0, NUMBER, len(COLOURS))}
HOUSES = {f"p{number}" for number in range(len(COLOURS), 2 * len(COLOURS))}


@pytest.fixture
def alias(client: opensearchpy.OpenSearch) -> Iterator[str]:
    name = f"test-older-{uuid.uuid4().hex[:8]}"
    yield name
    for index in client.indices.get(index=f"{name}*"):
        client.indices.delete(index=index)


@pytest.fixture
def index(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> str:
    write_source(tmp_path)
    return restore(client, "plain", alias, tmp_path)


@pytest.fixture
def searcher(client: opensearchpy.OpenSearch, index: str, alias: str) -> Searcher:
    return Searcher.open(client, alias, ColourEncoder())


def ids(searcher: Searcher, query: Query, **page: Any) -> list[str]:
    return [hit.id for hit in searcher.search(query, page=Page(**{"size": NUMBER, **page})).hits]


def fill(client: opensearchpy.OpenSearch, alias: str, source: Path, **fields: Any) -> IngestReport:
    return ingest(client, alias, ColourEncoder(), read_source(source), index_options=IndexOptions(fields=fields))


# Searches


def test_captions_and_their_forms(searcher: Searcher) -> None:
    assert set(ids(searcher, Query("red", kind="caption"))) == RED
    assert set(ids(searcher, Query("house", kind="caption"))) == HOUSES  # houses: stemmed
    assert ids(searcher, Query("house", kind="caption", exact=True)) == []
    assert ids(searcher, Query("red houses", kind="caption", match="phrase")) == ["p4"]
    assert set(ids(searcher, Query("cafés", kind="caption"))) == set(IDS[12:16])


def test_words_that_its_analyzer_leaves_out(searcher: Searcher) -> None:
    answer = searcher.search(Query("the of", kind="hybrid"))
    assert answer.hits
    assert answer.notes[-1].startswith("no caption can match 'the of': analyzer english leaves out all words of it")
    phrase = searcher.search(Query("red of houses", kind="caption", match="phrase"))
    assert (phrase.hits, len(phrase.notes)) == ([], 1)
    assert "leaves out 'of':" in phrase.notes[0]


def test_vectors_of_words_pictures_crops_and_the_index(searcher: Searcher, tmp_path: Path) -> None:
    assert set(ids(searcher, Query("blue", kind="vector"), size=5)) == {f"p{n}" for n in range(2, NUMBER, 4)}
    yellow = {f"p{n}" for n in range(3, NUMBER, 4)}
    for query in (
        Query(picture=picture_file(7)),
        Query(pictures=(QueryPicture(picture_file(7), crop=Crop(0, 0, 8, 8)),)),
    ):
        hits = searcher.search(query, page=Page(5)).hits
        assert {hit.id for hit in hits} == yellow
        assert hits[0].cosine == pytest.approx(1, abs=1e-3)
    near = ids(searcher, Query(like=(("p1", 1.0),)))
    assert "p1" not in near
    assert set(near[:4]) == {"p5", "p9", "p13", "p17"}
    away = ids(searcher, Query(like=(("p1", 1.0),), unlike=(("p2", 1.0),)))
    assert set(away[-4:]) == {"p6", "p10", "p14", "p18"}


def test_hybrids_and_their_sums(searcher: Searcher) -> None:
    answer = searcher.search(Query("red house"), page=Page(NUMBER))
    assert answer.hits[0].id == "p4"
    for hit in answer.hits:
        assert sum(term.added for term in answer.terms(hit)) == pytest.approx(hit.score, abs=1e-5)
    marked = [text for text, matched in answer.hits[0].pieces() if matched]
    assert marked == ["red", "houses"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("set=even", IDS[::2]),
        ("set!=even", IDS[1::2]),
        ("year>=2015", IDS[15:]),
        ("year=2003", ["p3"]),
        ("taken>=2024-11-01", ["p10", "p11"]),
        ("taken=2024-03-15", ["p2", "p14"]),
        ("width<10", ["p0", "p1"]),
        ("image_id=p3,p4", ["p3", "p4"]),
        ("ingested_at<2026-12", IDS),
    ],
)
def test_filters(searcher: Searcher, condition: str, expected: list[str]) -> None:
    found = ids(searcher, Query("two", kind="caption", filters=(condition,)), sort="year")
    assert found == expected
    assert set(ids(searcher, Query("red", kind="vector", filters=(condition,)))) == set(expected)


def test_sorts_facets_and_groups(searcher: Searcher) -> None:
    answer = searcher.search(Query("red", kind="caption"), page=Page(sort="year:desc", facets=("set", "year")))
    assert [hit.id for hit in answer.hits] == ["p16", "p12", "p8", "p4", "p0"]
    assert dict(answer.facets["set"]) == {"even": 5}
    near = ids(searcher, Query("two", kind="caption"), group_near=True)
    assert len(near) < NUMBER  # the look that it keeps is compared


def test_it_is_browsed(searcher: Searcher) -> None:
    whole = searcher.browse(Page(100))
    assert sorted(hit.id for hit in whole.hits) == sorted(f"p{number}" for number in range(NUMBER))
    some = searcher.browse(Page(3, sort="year:desc", facets=("set",)), filters=("set=even",))
    assert [hit.id for hit in some.hits] == ["p18", "p16", "p14"]
    assert (some.matched, some.documents, some.facets) == (10, NUMBER, {"set": [("even", 10)]})
    assert 1 <= searcher.browse(Page(group_near=True)).reachable <= NUMBER
    assert [hit.metadata["year"] for hit in searcher.look_up(["p3", "none"])] == [2003]


def test_the_calibrated_cut_off(searcher: Searcher) -> None:
    answer = searcher.search(Query("red"), page=Page(NUMBER, min_cosine="auto"))
    assert {hit.id for hit in answer.hits if hit.relevant} >= RED
    assert any(hit.relevant is False for hit in answer.hits)


def test_another_model_is_refused(client: opensearchpy.OpenSearch, index: str, alias: str) -> None:
    with pytest.raises(ModelMismatch, match="was filled by model d6838c35"):
        Searcher.open(client, alias, ColourEncoder("another"))


def test_an_analyzer_with_synonyms(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    restore(client, "german", alias, tmp_path)
    searcher = Searcher.open(client, alias, ColourEncoder())
    assert set(ids(searcher, Query("ship", kind="caption"))) == set(IDS[:4])
    write_source(tmp_path)
    assert fill(client, alias, tmp_path / "pictures.jsonl").unchanged == NUMBER
    assert set(ids(searcher, Query("ship", kind="caption"))) == set(IDS[:4])


# As it was tuned


def asked(given: dict[str, Any]) -> tuple[Query, Page]:
    query, _, page = values(**{"size": 8, **given})
    return query, page


@pytest.mark.parametrize("name", ASKED)
def test_the_answers_are_those_of_the_clipseek_that_made_it(searcher: Searcher, name: str) -> None:
    kept = answers()[name]
    query, page = asked(ASKED[name])
    answer = searcher.search(query, page=page)
    assert [hit.id for hit in answer.hits] == [key for key, _ in kept["hits"]]
    assert [hit.score for hit in answer.hits] == pytest.approx([score for _, score in kept["hits"]], abs=1e-5)
    assert answer.matched == kept["matched"]
    # It showed a whole number as 2000.0.
    facets = {name: [[value.removesuffix(".0"), n] for value, n in counts] for name, counts in kept["facets"].items()}
    assert {name: list(map(list, counts)) for name, counts in answer.facets.items()} == facets


def test_the_tuned_default_goes_on_and_says_tune_again(searcher: Searcher, alias: str) -> None:
    query, page = asked(ASKED["hybrid"])
    answer = searcher.search(query, page=page)
    assert answer.fusion == Fusion("l2", "arithmetic", 0.3, depth=8, complete=False)
    assert (answer.query.match, answer.query.exact) == ("most", False)
    (note,) = [note for note in answer.notes if "chosen before" in note]
    assert f"clipseek tune HELD-OUT --index {alias}" in note
    complete = searcher.search(query, searcher.default_fusion(query, page).changed(complete=True), page)
    assert all(hit.cosine is not None for hit in complete.hits)
    assert not [note for note in complete.notes if "chosen before" in note]
    for kind in ("caption", "vector"):  # nothing of it concerns them
        assert not searcher.search(Query("red", kind=kind)).notes


def test_tuned_again_it_asks_no_more(client: opensearchpy.OpenSearch, index: str, alias: str) -> None:
    queries = [
        LabelledQuery(f"q{number}", f"{row(number)['caption']}", f"g{number}", {f"p{number}": 1}, own=f"p{number}")
        for number in range(NUMBER)
    ]
    version = versions.current(client, alias)
    report = tune(client, version, ColourEncoder(), queries)
    again = versions.current(client, alias)
    assert dict(again.search) == report.best.kept()
    assert (again.calibration, again.fields, again.analyzer) == (version.calibration, version.fields, version.analyzer)
    answer = Searcher.open(client, alias, ColourEncoder()).search(Query("red house"))
    assert answer.fusion.complete == report.best.fusion.complete
    assert not [note for note in answer.notes if "chosen before" in note]
    # The captions stay as they were analysed.
    assert set(ids(Searcher.open(client, alias, ColourEncoder()), Query("house", kind="caption"))) == HOUSES


def test_a_default_pipeline_of_before(client: opensearchpy.OpenSearch, index: str, alias: str) -> None:
    put_pipeline(client, alias, pipeline("l2", (0.7, 0.3)))
    mapping = client.indices.get_mapping(index=index)[index]["mappings"]
    try:
        for search in ({"pipeline": alias}, {**mapping["_meta"]["search"], "pipeline": alias}):
            client.indices.put_mapping(index=index, body={"_meta": {**mapping["_meta"], "search": search}})
            answer = Searcher.open(client, alias, ColourEncoder()).search(Query("red house"), page=Page(8))
            assert (answer.fusion.pipeline, answer.fusion.complete) == (alias, False)
            assert len([note for note in answer.notes if "chosen before" in note]) == 1
            assert answer.hits[0].id == "p4"
        make_default(client, versions.current(client, alias), None)
        assert (
            not Searcher.open(client, alias, ColourEncoder()).search(Query("red house"), Fusion("l2")).fusion.pipeline
        )
    finally:
        delete_pipeline(client, alias)


# Filled further


def test_the_same_source_changes_nothing(
    client: opensearchpy.OpenSearch, index: str, alias: str, tmp_path: Path
) -> None:
    before = documents(client, index)
    report = fill(client, alias, tmp_path / "pictures.jsonl")
    assert (report.index, report.created, report.unchanged, report.updated) == (index, False, NUMBER, 0)
    after = documents(client, index)
    # Each of them now remembers the entry that it came from; nothing else is touched, not even its time.
    assert all(document.pop("source_entries") for document in after.values())
    assert after == before
    assert fill(client, alias, tmp_path / "pictures.jsonl").rewritten == 0


def test_new_changed_and_replaced_pictures(
    client: opensearchpy.OpenSearch, index: str, alias: str, tmp_path: Path
) -> None:
    rows = [row(number) for number in range(NUMBER)]
    rows[0]["caption"] = "one red sheep"
    write_source(tmp_path, [*rows, {**row(0), "image": "new.ppm", "id": "new", "caption": "a red sheep, new"}])
    (tmp_path / "new.ppm").write_bytes(picture_file(30))
    (tmp_path / "1.ppm").write_bytes(picture_file(40))  # another picture under a known id: red, not green
    report = fill(client, alias, tmp_path / "pictures.jsonl")
    assert (report.indexed, report.replaced, report.updated, report.unchanged) == (1, 2, 1, NUMBER - 2)
    searcher = Searcher.open(client, alias, ColourEncoder())
    assert set(ids(searcher, Query("sheep", kind="caption"))) == {"p0", "new"}
    assert set(ids(searcher, Query("red", kind="vector"), size=6)) == {*RED, "p1"}
    hybrid = searcher.search(Query("red sheep"), page=Page(NUMBER + 1))
    assert {hit.id for hit in hybrid.hits[:2]} == {"p0", "new"}
    assert "p1" in {hit.id for hit in hybrid.hits}


def test_columns_are_declared_later(client: opensearchpy.OpenSearch, index: str, alias: str, tmp_path: Path) -> None:
    report = fill(client, alias, tmp_path / "pictures.jsonl", artist="keyword", set="keyword")
    assert (report.indexed, report.unchanged) == (0, NUMBER)
    assert report.undeclared == ()
    searcher = Searcher.open(client, alias, ColourEncoder())
    assert ids(searcher, Query("two", kind="caption", filters=("artist=Ann 1",)), sort="year") == IDS[1::3]
    assert dict(versions.current(client, alias).fields) == {
        "artist": "keyword", "set": "keyword", "year": "number", "taken": "date",
    }  # fmt: skip


def test_fields_that_can_be_added_are_added(client: opensearchpy.OpenSearch, alias: str, tmp_path: Path) -> None:
    """Older still: an index without the field of a picture's appearance."""
    write_source(tmp_path)
    index = restore(client, "plain", alias, tmp_path, without="look")
    searcher = Searcher.open(client, alias, ColourEncoder())
    assert len(ids(searcher, Query("two", kind="caption"), group_near=True)) == NUMBER
    fill(client, alias, tmp_path / "pictures.jsonl")
    today = client.indices.get_mapping(index=index)[index]["mappings"]["properties"]
    new = versions.create(client, f"{alias}-new", fingerprint="ab" * 32, dimension=4)
    assert today.keys() == client.indices.get_mapping(index=new.index)[new.index]["mappings"]["properties"].keys()
    (tmp_path / "new.ppm").write_bytes(picture_file(0)[:-1] + b"x")
    write_source(tmp_path, [{**row(0), "image": "new.ppm", "id": "new"}, {**row(0), "id": "again", "image": "0.ppm"}])
    assert fill(client, alias, tmp_path / "pictures.jsonl").indexed == 2
    assert len(ids(searcher, Query("boats red", kind="caption", match="all"), group_near=True)) == 2


def documents(client: opensearchpy.OpenSearch, index: str) -> dict[str, Any]:
    found = client.search(index=index, body={"size": 100, "query": {"match_all": {}}})["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in found}


# The commands


def test_the_search_command(index: str, alias: str, opensearch_url: str) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(
            search, [*arguments, "--index", alias, "--url", opensearch_url], catch_exceptions=False
        )

    lines = run("houses", "--caption", "--facet", "set", "--filter", "year>=2000").stdout.splitlines()
    assert {line.split("\t")[1] for line in lines if "\t" in line} >= HOUSES
    assert run("--like", "p1", "-k", "3").stdout.count("\n") == 3


def test_the_index_commands(index: str, alias: str, opensearch_url: str) -> None:
    done = CliRunner().invoke(index_commands, ["list", "--url", opensearch_url, "--json"], catch_exceptions=False)
    (facts,) = [facts for facts in json.loads(done.stdout) if facts["index"] == index]
    assert (facts["aliases"], facts["pictures"], facts["engine"], facts["m"]) == ([alias], NUMBER, "lucene", 16)
    given = ["check", alias, "--url", opensearch_url, "--queries", "10", "--json"]
    figures = json.loads(CliRunner().invoke(index_commands, given, catch_exceptions=False).stdout)
    assert [figure["recall"] for figure in figures] == [1.0] * len(figures) != []


def test_the_ingest_command(
    client: opensearchpy.OpenSearch,
    index: str,
    alias: str,
    opensearch_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Bundled(ColourEncoder):
        class bundle:
            path = tmp_path

        def decode_in_processes(self) -> None:
            """It decodes nothing that needs one."""

    monkeypatch.setattr(command, "encoder_of_index", lambda *given, **limits: Bundled())
    given = [str(tmp_path / "pictures.jsonl"), "--index", alias, "--url", opensearch_url]
    done = CliRunner().invoke(command.ingest, given, catch_exceptions=False)
    assert f"{NUMBER} unchanged" in done.stdout
    # What cannot be added is said in one line, with the command that makes an index which has it.
    (said,) = [line for line in done.stderr.splitlines() if "older" in line]
    assert alias in said
    assert "words with accents are not found without them" in said
    line = said.partition("An index that has today's: ")[2]
    assert line.startswith(f"clipseek ingest {given[0]} --index {alias}-2 --model {tmp_path}")
    again = CliRunner().invoke(command.ingest, [*shlex.split(line)[2:], *given[-2:]], catch_exceptions=False)
    assert f"{NUMBER} indexed" in again.stdout
    assert "older" not in again.stderr
    made, old = versions.current(client, f"{alias}-2"), versions.current(client, alias)
    assert (made.fields, made.analyzer) == (old.fields, old.analyzer)
    for name, hits in ((alias, []), (f"{alias}-2", IDS[12:16])):  # "cafés" by "cafe"
        found = ids(Searcher.open(client, name, ColourEncoder()), Query("cafe", kind="caption"), sort="year")
        assert found == hits
