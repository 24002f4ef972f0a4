"""Plain ``neural`` queries of any client: an embedded node with ml-commons, ``clipseek serve`` of the shipped model with its token,
and what ``clipseek neural`` sets up between the two.
"""

from __future__ import annotations

import base64
import json
import math
import random
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opensearchpy
import pytest
from clipseek.encoder import Bundle, ClipEncoder
from clipseek.opensearch import Query, Searcher, connect
from clipseek.opensearch.errors import AccessRefused, RequestRefused
from clipseek.opensearch.index import versions
from clipseek.opensearch.index.version import Version
from clipseek.opensearch.ingest.run import ingest
from clipseek.opensearch.node.paths import NodePaths
from clipseek.opensearch.node.service import start, stop
from clipseek.opensearch.query.page import Page
from clipseek.sources import read_source
from clipseek.web.app import create_app
from clipseek.web.settings import Access, Settings
from PIL import Image, ImageDraw

from tests.command import run_command
from tests.integration.test_search import ENCODER, filled
from tests.ports import free_port
from tests.served import Served, serving
from tests.serving import serving as serving_app
from tests.shipped import ROOT, TUNED

pytestmark = pytest.mark.integration
ALIAS = f"test-neural-{uuid.uuid4().hex[:8]}"
NAME = f"clipseek-{ALIAS}"
WORDS = "red star"


@dataclass
class Place:
    """A node, an index on it, and the folders of both and of ``clipseek serve``."""

    url: str
    folder: Path
    pictures: Path
    encoder: ClipEncoder
    served: Served | None = None

    def command(self, *arguments: str | Path, index: str = ALIAS) -> subprocess.CompletedProcess[str]:
        own = {"CLIPSEEK_DATA": str(self.folder), "CLIPSEEK_CACHE": str(self.folder / "cache")}
        return run_command(*arguments, "--index", index, "--url", self.url, environment=own)

    def clipseek(self, *arguments: str | Path, index: str = ALIAS) -> str:
        """What the command printed on stdout."""
        done = self.command(*arguments, index=index)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def found(self, *arguments: str | Path) -> list[tuple[str, float]]:
        """Ids and scores of ``clipseek search``."""
        answer = json.loads(self.clipseek("search", *arguments, "--model", TUNED, "-k", "8", "--json"))
        return by_score((hit["id"], hit["score"]) for hit in answer["hits"])


def by_score(hits: Any) -> list[tuple[str, float]]:
    return sorted(hits, key=lambda hit: (-round(hit[1], 4), hit[0]))


def assert_same(found: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    assert [name for name, _ in found] == [name for name, _ in expected]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-4)
    assert len({round(score, 4) for _, score in expected}) > 2  # a ranking


def draw(folder: Path) -> None:
    """Stars, squares and discs in four colours, with captions."""
    for colour in ("red", "green", "blue", "orange"):
        for shape in ("star", "square", "disc"):
            image = Image.new("RGB", (96, 96), "white")
            pen = ImageDraw.Draw(image)
            if shape == "star":
                turns = [
                    (48 + r * math.sin(i * math.pi / 5), 48 - r * math.cos(i * math.pi / 5))
                    for i, r in enumerate([44, 18] * 5)
                ]
                pen.polygon(turns, fill=colour)
            elif shape == "square":
                pen.rectangle((14, 14, 82, 82), fill=colour)
            else:
                pen.ellipse((10, 10, 86, 86), fill=colour)
            image.save(folder / f"{colour}-{shape}.png")
            (folder / f"{colour}-{shape}.txt").write_text(f"a {colour} {shape}")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    # /var/tmp: as root the node runs as another user, who must get there; pytest's own folders are closed to it.
    folder = Path(tempfile.mkdtemp(prefix="clipseek-neural-", dir="/var/tmp"))
    folder.chmod(0o755)
    paths = NodePaths(folder, NodePaths.default().cache)
    environment = pytest.MonkeyPatch()
    environment.setenv("CLIPSEEK_DATA", str(folder))  # by which clients know the node, and come in
    try:
        url = start(paths, port=free_port(), heap="1g", ml=True).url
        pictures = folder / "pictures"
        pictures.mkdir()
        draw(pictures)
        encoder = ClipEncoder(Bundle.load(TUNED))
        ingest(connect(url), ALIAS, encoder, read_source(pictures), bundle=str(TUNED))
        yield Place(url, folder, pictures, encoder)
    finally:
        stop(paths)
        environment.undo()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def served(place: Place) -> Iterator[Served]:
    """``clipseek serve`` of the index; it wants its token."""
    with serving(place.url, place.folder, "--index", ALIAS, "--model", TUNED, "--port", free_port()) as one:
        yield one


@pytest.fixture
def model(place: Place, served: Served) -> str:
    """Id of the model that is set up."""
    return place.clipseek("neural", "setup", "--yes").strip()


@pytest.fixture(scope="module")
def ml(place: Place) -> opensearchpy.OpenSearch:
    """A client of the node: opensearch-py as anybody has it, but that its failures are raised in one line."""
    return connect(place.url)


def hits(ml: opensearchpy.OpenSearch, query: Mapping[str, Any], **parameters: Any) -> list[tuple[str, float]]:
    body = {"size": 8, "_source": False, "query": dict(query)}
    answer = ml.search(index=ALIAS, body=body, params=parameters)
    return by_score((hit["_id"], hit["_score"]) for hit in answer["hits"]["hits"])


def neural(**asked: Any) -> dict[str, Any]:
    return {"neural": {"image_vector": {"k": 200, **asked}}}


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_setup_is_shown_asked_for_and_done_once(place: Place, served: Served, ml: opensearchpy.OpenSearch) -> None:
    place.command("neural", "remove", "--yes")
    printed = place.command("neural", "setup", "--print")
    assert printed.returncode == 0, printed.stderr
    addresses = [line for line in printed.stdout.splitlines() if line.startswith(("PUT /", "POST /"))]
    assert [line.split("/")[1].partition("?")[0] for line in addresses[-5:]] == [
        "_plugins",
        "_plugins",
        "_search",
        "_ingest",
        "_scripts",
    ]
    assert '"token": "TOKEN"' in printed.stdout
    assert json.loads(place.command("neural", "status", "--json").stdout)["problem"] == "no model is registered"

    unasked = place.command("neural", "setup")  # nobody is there to say yes
    assert unasked.returncode == 130
    assert "plugins.ml_commons.trusted_connector_endpoints_regex" in unasked.stderr
    assert json.loads(place.command("neural", "status", "--json").stdout)["problem"] == "no model is registered"

    first, second = place.command("neural", "setup", "--yes"), place.command("neural", "setup")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (
        "made: cluster settings, connector and model, search pipeline, ingest pipeline, search template" in first.stderr
    )
    assert "everything was there" in second.stderr
    assert first.stdout == second.stdout
    status = place.command("neural", "status", "--json")
    facts = json.loads(status.stdout)
    assert (status.returncode, facts["problem"], facts["default"]) == (0, "", False)
    for told in (printed, unasked, first, second, status):
        assert served.token not in told.stdout + told.stderr
    described = ml.transport.perform_request("GET", f"/_plugins/_ml/models/{first.stdout.strip()}")
    assert place.encoder.fingerprint in described["description"]


def test_words_and_pictures_find_what_clipseek_finds(place: Place, model: str, ml: opensearchpy.OpenSearch) -> None:
    assert_same(hits(ml, neural(query_text=WORDS, model_id=model)), place.found(WORDS, "--vector"))
    picture = place.pictures / "blue-disc.png"
    found = place.found("--image", picture, "--vector")
    assert_same(hits(ml, neural(query_image=base64_of(picture), model_id=model)), found)
    both = place.found(WORDS, "--image", picture, "--vector")
    assert_same(hits(ml, neural(query_text=WORDS, query_image=base64_of(picture), model_id=model)), both)


@pytest.mark.parametrize(
    "words", ['a "red" star', "back\\slash and new\nline", "größe 名前 🦊", "null", "{}", "{{_id}}"]
)
def test_words_arrive_as_they_are(place: Place, model: str, ml: opensearchpy.OpenSearch, words: str) -> None:
    vector = place.encoder.encode_texts([words])[0]
    knn = {"knn": {"image_vector": {"vector": vector.tolist(), "k": 200}}}
    assert_same(hits(ml, neural(query_text=words, model_id=model)), hits(ml, knn))


def test_a_hybrid_of_match_and_neural_is_clipseeks(place: Place, model: str, ml: opensearchpy.OpenSearch) -> None:
    # The pipeline knows the model.
    clauses = [{"match": {"caption": {"query": WORDS}}}, neural(query_text=WORDS)]
    query = {"hybrid": {"pagination_depth": 200, "queries": clauses}}
    assert_same(hits(ml, query, search_pipeline=NAME), place.found(WORDS, "--no-complete"))


def test_a_document_gets_the_vector_that_ingest_gives_it(place: Place, model: str, ml: opensearchpy.OpenSearch) -> None:
    picture, odd = place.pictures / "green-star.png", 'my "own" one'
    body = {"picture": base64_of(picture), "caption": "put by another client"}
    ml.index(index=ALIAS, id=odd, body=body, params={"pipeline": NAME, "refresh": "true"})
    try:
        (ingested,) = ml.search(index=ALIAS, body={"query": {"match_phrase": {"caption": "green star"}}, "size": 1})[
            "hits"
        ]["hits"]
        mine = ml.get(index=ALIAS, id=odd)["_source"]
        assert np.allclose(mine["image_vector"], ingested["_source"]["image_vector"], atol=1e-6)
        assert mine["fingerprint"] == place.encoder.fingerprint
        assert (mine["image_id"], "picture" in mine, len(mine["content_hash"]) > 40) == (odd, False, True)
        assert odd in [name for name, _ in place.found("another client")]
        assert '"recall"' in place.clipseek("index", "check", "--json")
    finally:
        ml.delete(index=ALIAS, id=odd, params={"refresh": "true"})


def test_who_searches_may_ask_and_who_ingests_may_write(
    place: Place, model: str, ml: opensearchpy.OpenSearch, tmp_path: Path
) -> None:
    """Users as ``clipseek security setup`` makes them, on the closed node."""
    kept, data = tmp_path / "passwords.json", {"CLIPSEEK_DATA": str(place.folder)}
    words = ("--user", "asks:search", "--user", "writes:ingest", "--passwords", kept, "--url", place.url)
    done = run_command("security", "setup", *words, environment=data)
    assert done.returncode == 0, done.stderr
    passwords = json.loads(kept.read_text())
    who = {name: place.url.replace("https://", f"https://{name}:{passwords[name]}@") for name in passwords}
    asks, writes = connect(who["asks"]), connect(who["writes"])
    picture = base64_of(place.pictures / "red-star.png")
    for asked in (neural(query_text=WORDS), neural(query_image=picture)):
        assert hits(asks, asked, search_pipeline=NAME) == hits(ml, asked, search_pipeline=NAME) != []
    new = {"index": ALIAS, "id": "by-writes", "body": {"picture": picture}, "params": {"pipeline": NAME}}
    with pytest.raises(AccessRefused):
        asks.index(**new)
    writes.index(**new)
    writes.delete(index=ALIAS, id="by-writes", params={"refresh": "true"})
    assert run_command("neural", "status", "--index", ALIAS, "--url", who["asks"], environment=data).returncode == 0
    for command in (("setup", "--as-default", "--yes"), ("remove", "--yes")):
        refused = run_command("neural", *command, "--index", ALIAS, "--url", who["writes"], environment=data)
        assert (refused.returncode, "does not let this user do that" in refused.stderr) == (1, True), refused.stderr


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("one", {"caption": "no picture"}, "the document has no picture"),
        (None, {"picture": "bm90aGluZw=="}, "the document has no id"),
        ("one", {"picture": "bm90aGluZw=="}, "cannot be read"),
        ("one", {"picture": "not base64"}, "base64"),
    ],
)
def test_a_document_that_gets_no_vector_is_refused(
    place: Place, model: str, ml: opensearchpy.OpenSearch, name: str | None, body: Any, reason: str
) -> None:
    with pytest.raises(RequestRefused, match=reason):
        ml.index(index=ALIAS, id=name, body=body, params={"pipeline": NAME})


def test_another_model_is_refused_by_the_encoder_and_by_the_index(
    place: Place, model: str, served: Served, ml: opensearchpy.OpenSearch
) -> None:
    body = {"inputText": "red", "inputImage": None, "fingerprint": "0" * 64}
    assert served.ask(f"/api/v1/indexes/{ALIAS}/neural", "POST", body)[0] == 409
    assert served.ask(f"/api/v1/indexes/{ALIAS}/neural", "POST", body, token=None)[0] == 401
    version = versions.current(ml, ALIAS)
    document = {"image_id": "x", "image_vector": [1.0] + [0.0] * (version.dimension - 1), "fingerprint": "0" * 64}
    with pytest.raises(RequestRefused, match="fingerprint"):
        ml.index(index=ALIAS, id="x", body=document)


def searches(place: Place) -> Iterator[tuple[str | Path, ...]]:
    """Commands of clipseek that search the index, each in its own ways."""
    for options in ((), ("--no-complete",), ("--vector",), ("--caption",), ("-k", "300"), ("--group-near",)):
        yield "search", WORDS, "--model", TUNED, *options
    yield "search", "--like", place.found(WORDS)[0][0][:8]
    yield "index", "check", "--queries", "5"
    yield "ingest", place.pictures, "--number", f"size{random.randrange(10**6)}", "--model", TUNED


def test_every_search_of_clipseek_goes_on_when_the_default_is_deleted(
    place: Place, model: str, served: Served, ml: opensearchpy.OpenSearch
) -> None:
    place.clipseek("neural", "setup", "--as-default")
    query = {"hybrid": {"pagination_depth": 200, "queries": [{"match": {"caption": WORDS}}, neural(query_text=WORDS)]}}
    assert_same(hits(ml, query), place.found(WORDS, "--no-complete"))
    before = place.found(WORDS)
    ml.transport.perform_request("DELETE", f"/_search/pipeline/{NAME}")
    try:
        with pytest.raises(RequestRefused, match="is not defined"):
            hits(ml, {"match_all": {}})
        assert place.found(WORDS) == before
        for command in searches(place):
            place.clipseek(*command)
        for asked in ({}, {"text": WORDS}, {"text": WORDS, "fusion": {"complete": False}}, {"group": "near"}):
            status, _, body = served.ask(f"/api/v1/indexes/{ALIAS}/search", "POST", asked)
            assert status == 200, body
        assert served.ask("/api/v1/indexes")[0] == 200
    finally:
        place.clipseek("neural", "setup")  # makes it anew
        place.clipseek("neural", "remove", "--yes")
    assert hits(ml, {"match_all": {}})


def test_an_encoder_that_is_down_is_named_and_a_new_one_is_taken(place: Place, ml: opensearchpy.OpenSearch) -> None:
    place.command("neural", "remove", "--yes")
    port = free_port()
    with ExitStack() as stack:
        served = stack.enter_context(
            serving(place.url, place.folder, "--index", ALIAS, "--model", TUNED, "--port", port)
        )
        encoder = ("--encoder", f"http://127.0.0.1:{port}")
        model = place.clipseek("neural", "setup", "--yes", *encoder).strip()
        served.stop()
        with pytest.raises(RequestRefused, match=f"127.0.0.1:{port}"):
            hits(ml, neural(query_text=WORDS, model_id=model))
        status = place.command("neural", "status")
        assert status.returncode == 1
        assert f"127.0.0.1:{port}" in status.stdout
        again = place.command("neural", "setup", "--yes", *encoder)
        assert again.returncode == 1
        assert f"127.0.0.1:{port}" in again.stderr
    with serving(place.url, place.folder, "--index", ALIAS, "--model", TUNED, "--port", port) as other:
        assert other.token != served.token
        mended = place.clipseek("neural", "setup", "--yes", *encoder).strip()
        assert mended != model
        assert place.command("neural", "status").returncode == 0
        assert hits(ml, neural(query_text=WORDS), search_pipeline=NAME)
    place.clipseek("neural", "remove", "--yes")


def test_remove_leaves_nothing(place: Place, model: str, ml: opensearchpy.OpenSearch) -> None:
    place.clipseek("neural", "setup", "--as-default")
    assert place.command("neural", "remove").returncode == 2
    assert (
        "removed: default of the index, search pipeline, ingest pipeline, search template, connector and model"
        in place.command("neural", "remove", "--yes").stderr
    )
    version: Version = versions.current(ml, ALIAS)
    settings = ml.indices.get_settings(index=version.index, params={"flat_settings": "true"})
    assert "index.search.default_pipeline" not in settings[version.index]["settings"]
    for kind in ("models", "connectors", "model_groups"):
        body = {"query": {"term": {"name.keyword": NAME}}}
        found = ml.transport.perform_request("POST", f"/_plugins/_ml/{kind}/_search", body=body)
        assert found["hits"]["total"]["value"] == 0
    assert NAME not in json.dumps(ml.cluster.get_settings(params={"flat_settings": "true"}))
    assert "nothing was set up" in place.command("neural", "remove", "--yes").stderr
    assert place.command("neural", "status").returncode == 1


def test_the_guides_file_for_dev_tools_runs(place: Place, model: str, ml: opensearchpy.OpenSearch) -> None:
    text = (ROOT / "docs" / "guide" / "neural.console").read_text("utf-8")
    asked = re.findall(r"^(GET|PUT|DELETE) (\S+)\n((?:[{} ].*\n)*)", text, re.M)
    assert [method for method, _, _ in asked] == ["GET", "GET", "GET", "GET", "PUT", "DELETE"]
    for method, path, body in asked:
        own, body = "/" + path.replace("icons", ALIAS), body.replace("clipseek-icons", NAME)
        answer = ml.transport.perform_request(method, own, body=json.loads(body) if body else None)
        if method == "GET":
            assert answer["hits"]["hits"][0]["_score"] > 0
            assert "image_vector" not in answer["hits"]["hits"][0]["_source"]


def test_the_search_template_scores_every_hit_by_both_clauses(place: Place, ml: opensearchpy.OpenSearch) -> None:
    """Of 700 things 120 captions match, most of which are not among the 200 nearest; as in a complete search all are compared."""
    version = filled(ml, 700, 1)
    port = free_port()
    (place.folder / "shared").write_text("a-token-of-twenty-letters")
    settings = Settings(place.url, (version.alias,), access=Access(token="a-token-of-twenty-letters", port=port))
    with serving_app(create_app(settings, lambda settings, version: ENCODER)) as service:
        given = ("--encoder", str(service.base_url).rstrip("/"), "--token-file", place.folder / "shared", "--yes")
        place.clipseek("neural", "setup", *given, index=version.alias)
        name = f"clipseek-{version.alias}"
        for words in ("car", "boat", 'a "boat" nobody\\has'):
            body = {"id": name, "params": {"words": words, "size": 50}}
            path = f"/{version.alias}/_search/template?search_pipeline={name}"
            answer = ml.transport.perform_request("POST", path, body=body)
            found = by_score((hit["_id"], hit["_score"]) for hit in answer["hits"]["hits"])
            complete = Searcher(ml, version, ENCODER).search(Query(words), None, Page(size=50))
            assert complete.plan.complete
            if words in ("car", "boat"):
                assert_same(found, by_score((hit.id, hit.score) for hit in complete.hits))
            assert len(found) == 50
        assert "search template" in place.command("neural", "remove", "--yes", index=version.alias).stderr
