"""Every kind of search against a real server: what comes back, and that the numbers beside it are the server's own."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import opensearchpy
import orjson
import pytest
from clipseek.opensearch.errors import InvalidOption, ModelMismatch
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.declaring import declare
from clipseek.opensearch.index.mapping import IndexOptions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.query.fusion import Fusion
from clipseek.opensearch.query.limits import SEARCH_PARAMETERS
from clipseek.opensearch.query.page import Page
from clipseek.opensearch.query.query import Query
from clipseek.opensearch.search.contributions import contributions, normalized
from clipseek.opensearch.search.index_defaults import Setting
from clipseek.opensearch.search.searcher import Searcher
from clipseek.opensearch.server.capabilities import server_version
from clipseek.relevance.clause_scores import caption_clause_name, fetch_scores
from clipseek.relevance.fusion_grid import (
    DEPTHS,
    RRF,
    WORDINGS,
    grid,
    supported_wordings,
)
from clipseek.relevance.hnsw_recall import query_recall
from clipseek.relevance.labelled_queries import LabelledQuery
from clipseek.testing.encoder import ColourEncoder
from PIL import Image

from tests.plans import values

pytestmark = pytest.mark.integration
COLOURS = ("red", "green", "blue")
THINGS = ("car", "boat", "house", "tree", "bird", "running shoe")
ENCODER = ColourEncoder()


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


def filled(client: opensearchpy.OpenSearch, documents: int, shards: int, encoder: ColourEncoder = ENCODER) -> Version:
    """An index of coloured things whose vectors are near their colour's; some have no caption."""
    alias = f"test-search-{uuid.uuid4().hex[:8]}"
    options = IndexOptions(fields={"colour": "keyword", "weight": "number", "day": "date"}, shards=shards)
    version = versions.create(
        client, alias, fingerprint=encoder.fingerprint, dimension=encoder.dimension, options=options
    )
    rng = np.random.default_rng(5)
    lines: list[Any] = []
    for at in range(documents):
        colour = COLOURS[at % 3]
        vector = encoder.encode_texts([colour])[0] + rng.normal(size=encoder.dimension) * 0.3
        document = {
            "image_id": f"d{at}",
            "image_uri": f"file:///pictures/d{at}.png",
            "content_hash": f"{at:064x}",
            "caption": f"a {colour} {THINGS[at % 5]}" + " by the sea" * (at % 4),
            "image_vector": vector / np.linalg.norm(vector),
            "width": 10 + at,
            "height": 20,
            "metadata": {
                "colour": colour,
                "weight": at / 2,
                "day": f"2024-01-{1 + at % 28:02d}",
                "free": "not indexed",
            },
            "ingested_at": "2024-05-01T00:00:00Z",
        }
        if at % 7 == 6:
            del document["caption"]
        lines += [{"index": {"_id": f"d{at}"}}, document]
    body = b"".join(orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for line in lines)
    assert client.bulk(body=body, index=version.index, params={"refresh": "true"})["errors"] is False
    return version


@pytest.fixture(scope="module", params=[1, 3], ids=["one shard", "three shards"])
def version(request: pytest.FixtureRequest, client: opensearchpy.OpenSearch) -> Iterator[Version]:
    made = filled(client, 700, request.param)
    yield made
    client.indices.delete(index=made.index)


@pytest.fixture
def searcher(client: opensearchpy.OpenSearch, version: Version) -> Searcher:
    return Searcher(client, version, ENCODER)


def is_sharded(client: opensearchpy.OpenSearch, version: Version) -> bool:
    return bool(client.search(index=version.index, body={"size": 0})["_shards"]["total"] > 1)


def test_by_caption(searcher: Searcher) -> None:
    answer = searcher.search(*values("blue boats", kind="caption", size=5))
    assert answer.documents == 700
    assert len(answer.hits) == 5
    for hit in answer.hits:
        # English stemming: "boats" finds and marks "boat".
        assert [text for text, matched in hit.pieces() if matched] == ["blue", "boat"]
        assert hit.shares == {"caption": 1.0}
        assert hit.raw == {"caption": pytest.approx(hit.score)}
        assert hit.cosine is None
        assert hit.metadata["colour"] == "blue"


def test_by_words_vector(searcher: Searcher) -> None:
    answer = searcher.search(*values("blue", kind="vector", size=5))
    assert {hit.metadata["colour"] for hit in answer.hits} == {"blue"}
    for hit in answer.hits:
        assert hit.shares == {"vector": 1.0}
        assert hit.cosine is not None
        assert hit.score == pytest.approx(1 + hit.cosine)
        assert not hit.marks


def test_by_picture_alone(searcher: Searcher) -> None:
    answer = searcher.search(*values(picture=picture("red"), size=5))
    assert {hit.metadata["colour"] for hit in answer.hits} == {"red"}


def test_by_picture_and_words(searcher: Searcher) -> None:
    # The vector is half red and half green: the caption decides for boats.
    answer = searcher.search(*values("green boat", picture=picture("red"), size=6))
    assert all("boat" in hit.caption and "green" in hit.caption for hit in answer.hits)
    by_vector = searcher.search(*values("green", picture=picture("red"), kind="vector", size=30))
    assert {hit.metadata["colour"] for hit in by_vector.hits} == {"red", "green"}


def test_cosines_are_the_vectors_own_even_below_zero(client: opensearchpy.OpenSearch, version: Version) -> None:
    class Backwards(ColourEncoder):
        def encode_texts(self, texts: Any) -> Any:
            return -super().encode_texts(texts)

    hits = Searcher(client, version, Backwards()).search(*values("blue green red", kind="vector", size=200)).hits
    stored = client.mget(index=version.index, body={"ids": [hit.id for hit in hits]})["docs"]
    asked = -ENCODER.encode_texts(["blue green red"])[0]
    for hit, document in zip(hits, stored, strict=True):
        assert hit.cosine == pytest.approx(float(asked @ document["_source"]["image_vector"]), abs=1e-5)
    assert min(hit.cosine or 0 for hit in hits) < -0.1


QUERIES = ("red", "green boat", "a bird by the sea", "zebra", "the")


def asked(
    client: opensearchpy.OpenSearch,
    searcher: Searcher,
    version: Version,
    words: str,
    more: dict[str, Any],
    ids: list[str] | None = None,
    **given: Any,
) -> Any:
    """The rows that the server answers to the query's own body, with ``more`` in it; ``ids``: over these candidates."""
    plan = searcher.plan(*values(words, **given))
    body = plan.search_body if ids is None else {**plan.search_body, **plan.complete_body(ids), **plan.shown}
    body = {name: part for name, part in body.items() if name not in ("stored_fields", "docvalue_fields")} | more
    return client.search(index=version.index, body=body, params=SEARCH_PARAMETERS)["hits"]["hits"]


@pytest.mark.parametrize("fusion", ["min_max", "l2"])
@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
def test_shares_are_what_the_server_added(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher, fusion: Any, weight: float
) -> None:
    for words in QUERIES:
        answer = searcher.search(*values(words, weight=weight, technique=fusion, size=150))
        hits, ids = answer.hits, sorted(set().union(*answer.normal.values()))
        assert len(hits) == 150
        # With all the weight on one clause, the server's score is that clause's normalised score and nothing else.
        alone = {
            name: {
                row["_id"]: row["_score"]
                for row in asked(client, searcher, version, words, {}, ids, weight=one, technique=fusion)
            }
            for name, one in (("caption", 0.0), ("vector", 1.0))
        }
        for hit in hits:
            assert hit.shares.keys() == {"caption", "vector"}  # never left out as unknown
            assert sum(hit.shares.values()) == pytest.approx(1 if hit.score else 0)
            for name, part in (("caption", 1 - weight), ("vector", weight)):
                assert hit.shares[name] * hit.score == pytest.approx(part * alone[name][hit.id], abs=2e-6), (words, hit)


@pytest.mark.parametrize("fusion", ["min_max", "l2", "rrf"])
def test_terms_are_those_of_the_servers_explanation(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher, fusion: Any
) -> None:
    if is_sharded(client, version):
        return  # each shard has candidates of its own, which one request does not tell apart; rrf: the next test
    compared = strange = 0
    for words in QUERIES:
        # To be grouped all candidates come, and with them what the shares of two lists are computed from.
        given: dict[str, Any] = {"technique": fusion, "size": 150, "complete": False, "group_duplicates": True}
        pipeline = searcher.plan(*values(words, **given)).search_body["search_pipeline"]
        pipeline["response_processors"] = [{"hybrid_score_explanation": {}}]
        more = {"explain": True, "search_pipeline": pipeline, "size": 150}
        rows = asked(client, searcher, version, words, more, **given)
        explained = {row["_id"]: row for row in rows}
        answer = searcher.search(*values(words, **given))
        for hit in answer.hits:
            if (row := explained.get(hit.id)) is None:
                continue  # of hits that score the same at the end of the page, others
            if not (terms := {term.clause: term for term in answer.terms(hit)}):
                continue  # with the score of a clause's last candidate, it may be one or not
            assert terms.keys() == {"caption", "vector"}
            assert sum(term.added for term in terms.values()) == pytest.approx(hit.score, abs=2e-6)
            theirs = {}
            for part in row["_explanation"]["details"]:
                (detail,) = part["details"]
                name = "vector" if detail["description"].startswith("within top") else "caption"
                theirs[name] = (detail["value"], part["value"])
            ours = {name: (terms[name].raw, terms[name].normalised) for name in theirs}
            compared += 1
            if all(pair == pytest.approx(theirs[name], abs=2e-6) for name, pair in ours.items()):
                assert all(name in theirs or not term.normalised for name, term in terms.items()), (words, hit)
            else:
                assert fusion == "min_max", (words, hit, ours, theirs)
                strange += 1
            assert terms["vector"].cosine == hit.cosine  # which another test compares with the stored vectors
            if fusion != "min_max":
                assert hit.score == pytest.approx(row["_score"], abs=1e-6)
    # With explain, 2.19 normalises min_max twice: its hits change places, and some have the details of a neighbour.
    assert compared > 600
    assert strange <= compared / 50, strange


def test_rrf_on_several_shards_is_refused_where_it_would_rank_within_each(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher
) -> None:
    major, minor = (int(part) for part in client.info()["version"]["number"].split(".")[:2])
    if is_sharded(client, version) and (major, minor) < (3, 5):
        with pytest.raises(InvalidOption, match="use --fusion min_max"):
            searcher.search(*values("red boat", technique="rrf"))
    else:
        assert searcher.search(*values("red boat", technique="rrf")).hits


def test_filters_hold_for_every_hit_and_leave_as_many_as_there_are(searcher: Searcher) -> None:
    def found(*filters: str, kind: Any = "hybrid") -> list[Any]:
        return searcher.search(*values("red boat", kind=kind, filters=filters, size=300)).hits

    for kind in ("caption", "vector", "hybrid"):
        for hit in found("colour=green", "width>=500", kind=kind):
            assert hit.metadata["colour"] == "green"
            assert hit.width >= 500
    # The vector clause finds every one that the filter leaves, though none is near: it filters inside the graph.
    assert len(found("colour=green", "width<=40", kind="vector")) == len([at for at in range(31) if at % 3 == 1])
    assert {hit.metadata["colour"] for hit in found("colour!=red")} == {"green", "blue"}
    assert {hit.metadata["day"] for hit in found("day=2024-01-03")} == {"2024-01-03"}
    assert {hit.metadata["day"] for hit in found("day>2024-01-26", "day<2024-01-28")} == {"2024-01-27"}
    assert [hit.id for hit in found("metadata.weight=10")] == ["d20"]
    assert [hit.id for hit in found("image_id=d20")] == ["d20"]
    assert {hit.metadata["colour"] for hit in found("colour=red, blue")} == {"red", "blue"}
    assert {hit.metadata["colour"] for hit in found("colour!=red,blue")} == {"green"}
    assert {hit.id for hit in found("metadata.weight=10,10.5,11")} == {"d20", "d21", "d22"}
    assert {hit.metadata["day"] for hit in found("day=2024-01-03,2024-01-05")} == {"2024-01-03", "2024-01-05"}
    assert found("colour=") == found("colour=no such") == []


def test_nothing_found_is_an_answer(searcher: Searcher) -> None:
    answer = searcher.search(*values("zebra", kind="caption"))
    assert (answer.hits, answer.matched, answer.documents) == ([], 0, 700)


def test_another_model_is_refused_by_fingerprint_and_by_dimension(
    client: opensearchpy.OpenSearch, version: Version
) -> None:
    with pytest.raises(ModelMismatch, match="was filled by model"):
        Searcher(client, version, ColourEncoder("another"))

    class Longer(ColourEncoder):
        dimension = 5

    with pytest.raises(ModelMismatch, match="holds vectors of 4"):
        Searcher(client, version, Longer())


def test_a_caption_search_needs_no_encoder_and_the_others_say_so(
    client: opensearchpy.OpenSearch, version: Version
) -> None:
    without = Searcher(client, version)
    assert without.search(*values("red boat", kind="caption")).hits
    with pytest.raises(InvalidOption, match="needs a model"):
        without.search(*values("red boat"))


def test_a_picture_that_is_none_is_refused_in_one_line(searcher: Searcher) -> None:
    with pytest.raises(InvalidOption, match="query picture cannot be used: not a picture"):
        searcher.search(*values(picture=b"GIF89a but not really"))


def test_two_lists_are_the_servers_own_ranking_and_have_shares_where_all_candidates_came(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher
) -> None:
    for words in QUERIES:
        given: dict[str, Any] = {"complete": False, "depth": 1000}
        part, whole = (searcher.search(*values(words, size=size, **given)) for size in (50, 1000))
        rows = asked(client, searcher, version, words, {}, size=50, **given)
        assert [(hit.id, hit.score) for hit in part.hits] == [(row["_id"], row["_score"]) for row in rows]
        assert all(hit.raw == row["matched_queries"] for hit, row in zip(part.hits, rows, strict=True))
        assert not any(hit.shares or part.terms(hit) for hit in part.hits)
        assert part.reachable >= whole.reachable == len(whole.hits)
        assert all(sum(hit.shares.values()) == pytest.approx(1) for hit in whole.hits)


def test_like_searches_with_the_stored_vector_and_leaves_the_picture_out(
    client: opensearchpy.OpenSearch, version: Version, searcher: Searcher
) -> None:
    without = Searcher(client, version)  # no model is needed: the index has the vectors
    hits = without.search(*values(like=(("d20", 1.0),), size=20)).hits
    stored = {
        document["_id"]: np.asarray(document["_source"]["image_vector"])
        for document in client.mget(index=version.index, body={"ids": ["d20", *[hit.id for hit in hits]]})["docs"]
    }
    assert "d20" not in {hit.id for hit in hits}
    for hit in hits:
        assert hit.cosine == pytest.approx(float(stored["d20"] @ stored[hit.id]), abs=1e-5)
    with pytest.raises(InvalidOption, match="no picture 'nobody'"):
        without.search(*values(like=(("nobody", 1.0),)))
    with pytest.raises(InvalidOption, match="needs a model"):
        without.search(*values(like=(("d20", 1.0),), unwanted=("red",)))


def test_what_is_not_wanted_moves_the_vector_away(searcher: Searcher) -> None:
    toward = searcher.search(*values("red green", kind="vector", size=60)).hits
    assert {hit.metadata["colour"] for hit in toward} >= {"red", "green"}
    away = searcher.search(*values("red green", unwanted=("green",), not_weight=0.7, kind="vector", size=60)).hits
    assert {hit.metadata["colour"] for hit in away} == {"red"}
    captions = searcher.search(*values("boat", unwanted=("green",), kind="caption", size=300)).hits
    assert captions
    assert "green" not in {hit.metadata["colour"] for hit in captions}


def test_all_words_and_phrases(searcher: Searcher) -> None:
    some = searcher.search(*values("boat blue", kind="caption")).matched
    every = searcher.search(*values("boat blue", kind="caption", match="all"))
    assert 0 < every.matched < some
    assert searcher.search(*values("boat blue", kind="caption", match="phrase")).matched < every.matched
    assert searcher.search(*values("blue boat", kind="caption", match="phrase")).matched == every.matched


@pytest.mark.parametrize("kind", ["caption", "vector", "hybrid"])
def test_pages_put_together_are_the_whole_list(searcher: Searcher, kind: Any) -> None:
    whole = [hit.id for hit in searcher.search(*values("green boat", kind=kind, size=60)).hits]
    pages = [
        hit.id
        for start in range(0, 60, 20)
        for hit in searcher.search(*values("green boat", kind=kind, size=20, start=start)).hits
    ]
    assert pages == whole
    assert len(set(pages)) == 60


VALUES = {
    "weight": lambda hit: hit.metadata["weight"],
    "colour": lambda hit: hit.metadata["colour"],
    "day": lambda hit: hit.metadata["day"],
    "width": lambda hit: hit.width,
    "image_id": lambda hit: hit.id,
}


@pytest.mark.parametrize("kind", ["caption", "vector", "hybrid"])
@pytest.mark.parametrize("field", VALUES)
def test_sorted_by_a_field(searcher: Searcher, kind: Any, field: str) -> None:
    whole = searcher.search(*values("green boat", kind=kind, size=1000, depth=1000))
    by_id = {hit.id: hit for hit in whole.hits}
    for down in (False, True):
        expected = sorted(whole.hits, key=lambda hit: hit.id)
        expected.sort(key=VALUES[field], reverse=down)
        given = {"kind": kind, "sort": f"{field}:desc" if down else field, "depth": 1000, "size": 30}
        pages = [
            hit for start in (0, 30, 60) for hit in searcher.search(*values("green boat", **given, start=start)).hits
        ]
        assert [hit.id for hit in pages] == [hit.id for hit in expected[:90]]
        for hit in pages:  # scores, shares and marks are those of the same search in its own order
            assert hit == by_id[hit.id]


def test_sorted_groups_are_the_best_of_each(searcher: Searcher) -> None:
    sorted_groups = values("green boat", group_near=True, sort="weight:desc", size=50)
    weights = [hit.metadata["weight"] for hit in searcher.search(*sorted_groups).hits]
    assert len(weights) == 50
    assert weights == sorted(weights, reverse=True)
    with pytest.raises(InvalidOption, match="sort field 'free' is not indexed"):
        searcher.search(*values("green boat", sort="free"))


@pytest.mark.parametrize("kind", ["caption", "vector", "hybrid"])
def test_past_the_last_hit_is_an_empty_page(searcher: Searcher, kind: Any) -> None:
    first = searcher.search(*values("green boat", kind=kind, depth=1000))
    beyond = searcher.search(*values("green boat", kind=kind, start=900, depth=1000))
    assert beyond.hits == []
    assert beyond.matched >= first.matched > 0
    last = searcher.search(*values("green boat", kind=kind, start=first.reachable - 1, depth=1000))
    assert len(last.hits) == 1


def test_facets_count_what_was_matched(searcher: Searcher) -> None:
    answer = searcher.search(*values("boat", kind="caption", facets=("colour", "day")))
    assert sum(count for _, count in answer.facets["colour"]) == answer.matched
    assert {value for value, _ in answer.facets["colour"]} == {"red", "green", "blue"}
    assert all(len(value) >= 10 for value, _ in answer.facets["day"])


def test_pictures_of_the_same_bytes_are_one_hit(client: opensearchpy.OpenSearch) -> None:
    version = versions.create(client, "test-twins", fingerprint=ENCODER.fingerprint, dimension=4)
    try:
        for at in range(12):
            vector = ENCODER.encode_texts(["red" if at % 2 else "green"])[0].tolist()
            document = {
                "image_id": f"t{at}",
                "caption": "red boat",
                "content_hash": f"h{at // 4}",
                "image_vector": vector,
            }
            client.index(index=version.index, id=f"t{at}", body=document)
        client.indices.refresh(index=version.index)
        for kind in ("caption", "vector", "hybrid"):
            for start in (0, 1):
                grouped = values("red boat", kind=kind, group_duplicates=True, start=start)
                assert len(Searcher(client, version, ENCODER).search(*grouped).hits) == 3 - start
    finally:
        client.indices.delete(index=version.index)


def test_what_the_server_is_too_old_for_is_refused_with_the_version_that_can(
    client: opensearchpy.OpenSearch, searcher: Searcher
) -> None:
    there = server_version(client)
    for fusion, needed in ((Fusion("z_score"), (3, 0)), (Fusion("rrf", weight=0.7), (3, 1))):
        if there < needed:
            with pytest.raises(InvalidOption, match=f"needs OpenSearch {needed[0]}.{needed[1]}"):
                searcher.search(Query("red"), fusion)


def test_what_was_tuned_is_the_indexs_default(client: opensearchpy.OpenSearch) -> None:
    made = filled(client, 30, 1)
    try:
        kept = {"fusion": "l2", "mean": "harmonic", "weight": 0.3, "complete": True}
        versions.write_meta(client, made, "search", kept)
        again = versions.current(client, made.alias)
        assert again == replace(made, search=kept)
        answer = Searcher(client, again, ENCODER).search(Query("red boat"))
        assert answer.fusion == Fusion("l2", "harmonic", 0.3)
        assert answer.hits[0].shares
        by_hand = Searcher(client, made, ENCODER).search(Query("red boat"), Fusion("l2", "harmonic", 0.3))
        assert answer.hits == by_hand.hits
        # What does not say whether it is complete was chosen before, and goes on without.
        older = replace(made, search={name: value for name, value in kept.items() if name != "complete"})
        answer = Searcher(client, older, ENCODER).search(Query("red boat"))
        assert answer.fusion == Fusion("l2", "harmonic", 0.3, complete=False)
        assert answer.notes[0].endswith(f"choose it again: clipseek tune HELD-OUT --index {made.alias}")
        # Columns that are declared later leave it as it is.
        declare(client, again, {"later": "keyword"})
        assert versions.current(client, made.alias).search == again.search
    finally:
        client.indices.delete(index=made.index)


def test_raw_scores_are_fetched_as_the_search_sees_them(client: opensearchpy.OpenSearch) -> None:
    made = filled(client, 300, 1)
    try:
        words = "red boats by the sea"
        vector = ENCODER.encode_texts([words])[0]
        assert supported_wordings(client, made) == WORDINGS
        query = LabelledQuery("q", words, "g", {"d0": 1}, excluded=("d3",))
        (fetched,) = fetch_scores(client, made, [query], vector[None], grid())
        assert len({tuple(fetched.scores[caption_clause_name(wording)].items()) for wording in WORDINGS}) == len(
            WORDINGS
        )
        # Every wording and depth that tune tries here is what the server answers when it is fetched so.
        for wording, depth in product(WORDINGS, DEPTHS):
            tuned = replace(made, search=Setting(Fusion(depth=depth, complete=False), wording).kept())
            answer = Searcher(client, tuned, ENCODER).search(Query(words, filters=("image_id!=d3",)), page=Page(25))
            assert (answer.query.match, answer.query.exact) == (wording.match, wording.exact)
            assert answer.fusion.depth == depth
            hits = answer.hits
            cut = {
                name: dict(list(fetched.scores[clause].items())[:depth])
                for name, clause in (("caption", caption_clause_name(wording)), ("vector", "vector"))
            }
            normal = {name: normalized("min_max", scores) for name, scores in cut.items()}
            halves = {"caption": 0.5, "vector": 0.5}
            fused = {
                document: sum(contributions("min_max", normal, halves, document).values())
                for scores in normal.values()
                for document in scores
            }
            assert "d3" not in fused
            assert [fused[hit.id] for hit in hits] == pytest.approx([hit.score for hit in hits], abs=1e-5)
            best = sorted(fused.values(), reverse=True)[:25]
            assert len(best) == len(hits) == 25
            assert best == pytest.approx([hit.score for hit in hits], abs=1e-5)
    finally:
        client.indices.delete(index=made.index)


def test_hnsw_recall_and_ef_search(client: opensearchpy.OpenSearch) -> None:
    made = filled(client, 300, 1)
    try:
        vector = ENCODER.encode_texts(["red boat"])[0]
        query = LabelledQuery("q", "red boat", "g", {"d0": 1}, excluded=("d3",))
        settings = [RRF, Setting(Fusion("rrf", ef_search=300))]
        (fetched,) = fetch_scores(client, made, [query], vector[None], settings)
        # The graph of 300 vectors misses none; without its best two, two of the ten truly nearest are missing.
        assert query_recall(client, made, fetched.scores["vector"], vector, ["d3"]) == 1
        fewer = dict(list(fetched.scores["vector"].items())[2:])
        assert query_recall(client, made, fewer, vector, ["d3"]) == pytest.approx(0.8)
        wide = fetched.scores["vector, ef_search 300"]
        assert wide == pytest.approx(fetched.scores["vector"])
        hits = Searcher(client, made, ENCODER).search(*values("red boat", depth=25, ef_search=300, size=25)).hits
        assert len(hits) == 25
        assert all(hit.shares for hit in hits)
    finally:
        client.indices.delete(index=made.index)


def test_the_number_of_pictures_is_asked_for_again_after_a_while(
    client: opensearchpy.OpenSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = filled(client, 20, 1)
    try:
        searcher = Searcher(client, made, ENCODER)
        query = Query("red boat", kind="caption")
        assert searcher.search(query).documents == 20
        client.delete(index=made.index, id="d3", params={"refresh": "true"})
        assert searcher.search(query).documents in (19, 20)
        # A hybrid asks for its candidates anyway, and counts with them.
        assert searcher.search(*values("red boat")).documents == 19
        assert searcher.search(query).documents == 19
        client.delete(index=made.index, id="d4", params={"refresh": "true"})
        monkeypatch.setattr("clipseek.opensearch.search.ask.COUNT_SECONDS", 0.0)
        assert searcher.search(query).documents == 18
    finally:
        client.indices.delete(index=made.index)


def test_an_id_that_is_a_hash_is_taken_by_its_first_digits(client: opensearchpy.OpenSearch) -> None:
    alias = f"test-hashes-{uuid.uuid4().hex[:8]}"
    made = versions.create(client, alias, fingerprint=ENCODER.fingerprint, dimension=4)
    red, blue, also_blue = "0a1b2c3d" + "0" * 56, "0a1b2c4e" + "1" * 56, "0a1b2c4e" + "2" * 56
    try:
        for name, colour in ((red, "red"), (blue, "blue"), (also_blue, "blue"), ("0a1b", "green"), ("0a1b2c", "green")):
            vector = ENCODER.encode_texts([colour])[0].tolist()
            client.index(index=made.index, id=name, body={"image_id": name, "image_vector": vector})
        client.indices.refresh(index=made.index)
        searcher = Searcher(client, made)
        whole = searcher.search(Query(like=((red, 1.0),), unlike=((blue, 1.0),)))
        short = searcher.search(Query(like=(("0a1b2c3d", 1.0),), unlike=((blue[:12] + "1111", 1.0),)))
        assert (short.query.like, short.query.unlike) == (whole.query.like, whole.query.unlike)
        assert short.hits == whole.hits
        assert {hit.id for hit in short.hits} == {also_blue, "0a1b", "0a1b2c"}
        # An id that is there is itself, though hashes begin so too.
        assert searcher.search(Query(like=(("0a1b", 1.0),))).query.like == (("0a1b", 1.0),)
        with pytest.raises(InvalidOption, match=r"several pictures .* begins with 0a1b2c4e .* give more digits"):
            searcher.search(Query(like=(("0a1b2c4e", 1.0),)))
        with pytest.raises(InvalidOption, match="no picture 'ffff' in index"):
            searcher.search(Query(like=(("ffff", 1.0),)))
    finally:
        client.indices.delete(index=made.index)
